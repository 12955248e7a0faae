"""Machines that are not ours: Apple's GPU, Windows, other Pythons, other alphabets, no home; as far as Linux can imitate them."""

import ast
import os
import re
import shutil
import subprocess
import sys

import address
import build
import nbformat
import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.data import TensorDataset

import vae_edu
from vae_edu import ConvVAE, evaluation, saving
from vae_edu.models import device_of


@pytest.fixture
def apple(monkeypatch):
    """The random numbers of an Apple GPU, as torch.mps knows them; drawn on the CPU."""
    generator = torch.Generator().manual_seed(5)

    class OnTheCpu(torch.Generator):
        def __new__(cls, device="cpu"):
            return super().__new__(cls, "cpu")

    monkeypatch.setattr(torch.mps, "_default_mps_generator", generator)
    monkeypatch.setattr(torch, "Generator", OnTheCpu)
    return generator


@pytest.mark.parametrize("cuda", [False, True])
@pytest.mark.parametrize("mps", [False, True])
def test_the_gpu_is_taken_whoever_made_it(monkeypatch, cuda, mps):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert vae_edu.pick_device().type == ("cuda" if cuda else "mps" if mps else "cpu")


def test_on_an_apple_gpu_evaluate_draws_seeded_numbers_and_gives_the_others_back(apple):
    before, drawn = apple.get_state(), []
    for _ in range(2):
        with evaluation._seeded(3, torch.device("mps")):
            drawn.append(torch.rand(4, generator=apple))
        assert torch.equal(apple.get_state(), before)
    assert torch.equal(*drawn) and torch.equal(drawn[0], torch.rand(4, generator=torch.Generator().manual_seed(3)))


def test_a_model_on_the_cpu_leaves_the_random_numbers_of_a_gpu_alone(apple, monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    before = apple.get_state()
    vae_edu.evaluate(ConvVAE(), TensorDataset(torch.rand(3, 1, 28, 28), torch.zeros(3, dtype=torch.int64)))
    assert torch.equal(apple.get_state(), before) and not seeded


def test_a_run_on_an_apple_gpu_goes_on_with_its_random_numbers(apple, monkeypatch, tmp_path):
    monkeypatch.setattr(saving, "device_of", lambda model: torch.device("mps"))
    model = ConvVAE()
    optimizer, before = torch.optim.Adam(model.parameters()), apple.get_state()
    saving.save_checkpoint(tmp_path / "run.pt", {}, model, optimizer, [])
    torch.rand(1, generator=apple)
    saving.resume(tmp_path / "run.pt", {}, model, optimizer)
    assert torch.equal(apple.get_state(), before)


class NoDouble(TorchDispatchMode):
    """A GPU that, like Apple's, has no float64. (Of the GPUs that torch can imitate, CUDA's is everywhere.)"""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **kwargs or {})
        for part in tree_leaves(result):
            if isinstance(part, torch.Tensor) and part.is_cuda and part.dtype == torch.float64:
                raise TypeError(f"no float64 there: {operation}")
        return result


USES = {
    "evaluate": lambda model, digits: vae_edu.evaluate(model, digits, batch_size=2),
    "encode": lambda model, digits: vae_edu.encode_dataset(model, digits).mu.tolist(),
    "decode": lambda model, digits: (
        model.decode(vae_edu.latent_grid(3, 2, "quantile").view(-1, 2).to(device_of(model))).tolist()
    ),
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_no_float64_is_asked_of_a_gpu(monkeypatch, use):
    """Shapes and types alone are computed, so each use ends where it reads its numbers."""
    monkeypatch.setattr(evaluation, "_seeded", lambda seed, device: torch.no_grad())
    with FakeTensorMode(), NoDouble():
        with torch.device("cuda"):
            model, digits = ConvVAE(), TensorDataset(torch.rand(3, 1, 28, 28), torch.zeros(3, dtype=torch.int64))
        with pytest.raises(DataDependentOutputException):
            USES[use](model, digits)


def run(script, folder, **environment):
    """What a Python script prints in a process of its own, in a folder, and its exit status. None removes a variable."""
    whole = os.environ | environment
    whole = {name: value for name, value in whole.items() if value is not None}
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, cwd=folder, env=whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    return done.stdout, done.returncode


NO_USERS = """
def getpwuid(number): raise KeyError(number)
__import__("pwd").getpwuid = getpwuid
"""
LOAD = """
import vae_edu
vae_edu.downloads._download = lambda collection, folder: folder.mkdir(parents=True) or open(folder / "MNIST", "w") and None
try:
    vae_edu.load_mnist("test")
except FileNotFoundError:  # this download brings nothing
    print("downloaded to", vae_edu.downloads.CACHE)
"""
HOMES = {"none": None, "a file": "taken", "none there": "nowhere", "a folder": "home"}


@pytest.mark.parametrize("home", HOMES)
def test_a_download_needs_no_home(tmp_path, home):
    (tmp_path / "taken").touch()
    for folder in ("home", "temporary", "here"):
        (tmp_path / folder).mkdir()
    place = HOMES[home] and str(tmp_path / HOMES[home])
    script = NO_USERS * (home == "none") + LOAD
    variables = {"HOME": place, "TMPDIR": str(tmp_path / "temporary"), "MPLCONFIGDIR": str(tmp_path)}
    said, status = run(script, tmp_path / "here", VAE_EDU_DATA=None, **variables)
    where = tmp_path / ("home" if home == "a folder" else "temporary") / ".cache" / "vae_edu"
    assert status == 0 and f"downloaded to {where}" in said, said
    assert (where / "MNIST").exists() and not list((tmp_path / "here").iterdir())


def without_encoding(source):
    """The lines on which a source reads or writes text in whatever encoding the machine prefers."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        named = {keyword.arg for keyword in call.keywords}
        modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
        asks = {
            "read_text": not call.args,
            "write_text": len(call.args) < 2,
            "open": isinstance(call.func, ast.Name) and not any("b" in ast.unparse(mode) for mode in modes),
        }
        if "encoding" not in named and (asks.get(name) or {"text", "universal_newlines"} & named):
            yield call.lineno


@pytest.mark.parametrize(
    "line",
    [
        "path.read_text()",
        "path.write_text(x)",
        "open(path)",
        'open(path, "w")',
        'open(path, mode="a")',
        "run(text=True)",
    ],
)
def test_text_in_no_encoding_is_found(line):
    assert list(without_encoding(line)) == [1]


def test_text_is_utf_8_whatever_the_machine_prefers():
    for folder in ("vae_edu", "notebooks", "book/_ext", "tests"):
        for path in (address.ROOT / folder).rglob("*.py"):
            assert not list(without_encoding(path.read_text("utf-8"))), path


# Alphabets of consoles and of redirected output: Linux without a locale, Windows in Japan, Windows in the West.
ALPHABETS = {
    "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "cp932": {"PYTHONIOENCODING": "cp932", "PYTHONUTF8": "0"},
    "cp1252": {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
}
LEARN = """
import vae_edu
vae_edu.set_language("ja")
vae_edu.load_mnist("test")
vae_edu.check("kl_divergence", lambda mu, logvar: mu)
print("✅ π−é 日本語")
"""


PROGRAMS = [("library", "ascii"), ("library", "cp932"), ("library", "cp1252"), ("absorb", "cp1252"), ("build", "ascii")]


@pytest.mark.parametrize(("program", "alphabet"), PROGRAMS)
def test_nothing_ends_because_a_console_lacks_a_letter(tmp_path, program, alphabet):
    edited, notebooks = tmp_path / "04_loss.ipynb", address.ROOT / "notebooks"
    nb = nbformat.read(notebooks / "ja" / edited.name, 4)
    next(cell for cell in nb.cells if cell.id == "exercise-1").source += "\n# ✅ 日本語"
    nbformat.write(nb, edited)
    (tmp_path / "learn.py").write_text(LEARN, encoding="utf-8")
    command = {
        "library": [tmp_path / "learn.py"],
        "absorb": [notebooks / "absorb.py", edited, "--check"],
        "build": [notebooks / "build.py", "--check", "04_loss"],
    }[program]
    done = subprocess.run([sys.executable, *command], capture_output=True, env=os.environ | ALPHABETS[alphabet])
    said = (done.stdout + done.stderr).decode(alphabet)
    assert "Error" not in said and said.strip(), said
    assert program == "build" or ("? 日本語" if alphabet == "cp932" else "? ???") in said


SET_UP = """
import sys
from IPython.core.interactiveshell import InteractiveShell
sys.modules["vae_edu"] = None  # it cannot be imported
InteractiveShell.instance().run_cell(sys.stdin.read())
"""
IN_THE_WAY = {  # what PATH is, and what lies where GitHub should
    "git": ("shell", None, {"ja": "git がありません", "en": "git is missing"}),
    "network": (None, "nowhere", {"ja": "GitHub につながりません", "en": "GitHub is out of reach"}),
    "pip": (None, "empty", {"ja": "pip が失敗しました", "en": "pip failed"}),
}


@pytest.mark.parametrize("lang", build.LANGUAGES)
@pytest.mark.parametrize("cause", IN_THE_WAY)
def test_the_set_up_cell_says_at_last_what_is_in_the_way(tmp_path, cause, lang):
    path, repository, words = IN_THE_WAY[cause]
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "empty"], check=True)
    (tmp_path / "shell").mkdir()
    (tmp_path / "shell" / "sh").symlink_to("/bin/sh")  # a PATH without a shell stops IPython before pip
    environment = os.environ | {
        "PATH": str(tmp_path / path) if path else os.environ["PATH"],
        "SHELL": "sh",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{tmp_path}/{repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": address.GITHUB,
        "PYTHONIOENCODING": "utf-8",
    }
    command = [sys.executable, "-c", SET_UP]
    done = subprocess.run(command, input=build.setup(lang).encode(), env=environment, capture_output=True, cwd=tmp_path)
    last = done.stdout.decode().splitlines()[-1]
    assert "RuntimeError" in last and words[lang] in last, done.stdout.decode()


def test_the_set_up_cell_is_silent_where_the_library_is():
    namespace = {}
    exec(build.setup("en").replace("%pip", "assert False  # "), namespace)
    assert namespace["vae_edu"] is vae_edu


# A Python that is as old as it is told, and that makes environments in no time.
FAKE = """#!/bin/sh
echo "$@" >> CALLS
case "$1 $2 $3" in
  "-V "*) echo Python 3.MINOR.1 ;;
  "-c "*) exec PYTHON -c "import sys; sys.version_info, sys.prefix = (3, MINOR, 1), '$PWD/.venv'; $2" ;;
  "-m venv "*) [ "$3" != --clear ] || rm -rf .venv
    mkdir -p .venv/bin; cp "$0" .venv/bin/python
    printf 'version = 3.MINOR.1\\ncommand = python -m venv %s\\n' "$PWD/.venv" > .venv/pyvenv.cfg ;;
  "-m pip install") [ "$5" != uv ] ;;
esac
"""


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Runs make in a folder with a space in its name, where python3 is Python 3.x: what it said, and the calls of venv."""
    folder, calls = tmp_path / "my course", tmp_path / "calls"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(address.ROOT / name, folder)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    for minor in (9, 12, 13):
        text = FAKE.replace("CALLS", f"'{calls}'").replace("PYTHON", sys.executable).replace("MINOR", str(minor))
        (tmp_path / f"python3.{minor}").write_text(text, encoding="utf-8")
        (tmp_path / f"python3.{minor}").chmod(0o755)

    def make(minor, *options, folder=folder):
        shutil.copy(tmp_path / f"python3.{minor}", tmp_path / "python3")
        calls.write_text("", encoding="utf-8")
        command = ["make", "-s", ".venv/.ready", *options]
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
        return done.stdout, re.findall("-m venv.*", calls.read_text("utf-8"))

    return make


def test_an_old_python_is_named_at_once_with_the_cure(make):
    said, made = make(9)
    line = said.splitlines()[0]
    assert "python3: Python 3.9.1." in line and "入れ" in line and "Install Python 3.11 or newer" in line and not made
    assert make(9, re.search(r"PYTHON=\S+", line)[0]) == ("", ["-m venv --clear .venv"])


def test_no_python_is_named_too(make):
    said, made = make(12, "PYTHON=python3.99")
    assert "python3.99: not found" in said and "Install Python" in said and not made


def test_an_environment_is_made_once_for_a_folder_and_a_python(make, tmp_path):
    assert make(12)[1] == ["-m venv .venv"] and make(12)[1] == []
    assert make(13)[1] == []  # another Python is the usual one now, but the environment still has its own
    assert make(13, "PYTHON=python3.13")[1] == ["-m venv --clear .venv"]
    assert make(12)[1] == []
    (tmp_path / "my course").rename(tmp_path / "moved")
    assert make(12, folder=tmp_path / "moved")[1] == ["-m venv --clear .venv"]
    shutil.copy(tmp_path / "python3.13", tmp_path / "moved" / ".venv" / "bin" / "python")  # the system was updated
    assert make(12, folder=tmp_path / "moved")[1] == ["-m venv --clear .venv"]
    (tmp_path / "moved" / ".venv" / "bin" / "python").unlink()  # its Python was removed
    assert make(12, folder=tmp_path / "moved")[1] == ["-m venv --clear .venv"]
