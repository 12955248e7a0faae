"""Publishing: a wheel that holds everything and builds reproducibly, a light installation, a move by one command."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import address
import pytest
from test_address import LOOKS_OURS

ROOT = address.ROOT
ELSEWHERE = "https://github.com/someone/vae-class/tree/spring"

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="these tests need the repository, not a copy of it"
)


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], check=True, capture_output=True, encoding="utf-8").stdout


def tracked():
    return [name for name in git("ls-files", "-z").split("\0") if name and (ROOT / name).exists()]


@pytest.fixture
def copy(tmp_path):
    """The tracked files as they are now, in a folder that is no repository and has a space in its name."""
    for name in tracked():
        (tmp_path / "a copy" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "a copy" / name)
    return tmp_path / "a copy"


def wheel(source, target):
    """Build the wheel of a source folder as `make wheel` does."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", target, source]
    subprocess.run(command, check=True, env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"})
    return next(Path(target).glob("*.whl"))


def test_two_builds_are_the_same_to_the_byte(copy, tmp_path):
    first = wheel(copy, tmp_path / "first").read_bytes()
    there = tmp_path / "there"
    copy.rename(there)
    for path in there.rglob("*"):
        os.utime(path, (1_800_000_000, 1_800_000_000))
    assert wheel(there, tmp_path / "second").read_bytes() == first


def test_the_wheel_holds_the_library_and_its_assets_and_nothing_else(copy, tmp_path):
    with zipfile.ZipFile(wheel(copy, tmp_path / "wheel")) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {name for name in tracked() if name.startswith("vae_edu/")}


def test_an_installation_fetches_less_than_10_mb(tmp_path):
    """What pip asks of git: every commit, but of files only those of the last one."""
    there, here = tmp_path / "there.git", tmp_path / "here"
    git("clone", "-q", "--bare", str(ROOT), str(there))
    git("-C", str(there), "config", "uploadpack.allowFilter", "true")
    git("-C", str(there), "config", "uploadpack.allowAnySHA1InWant", "true")
    git("clone", "-q", "--filter=blob:none", f"file://{there}", str(here))
    packs = sum(path.stat().st_size for path in here.glob(".git/objects/pack/*.pack"))
    assert 500_000 < packs < 10_000_000


def test_one_command_moves_the_course(copy):
    """Afterwards no file names the old address, and the notebooks are those that the moved lessons make."""
    for command in (["notebooks/address.py", ELSEWHERE], ["notebooks/build.py"], ["notebooks/build.py", "--check"]):
        said = subprocess.run([sys.executable, *command], cwd=copy, capture_output=True, encoding="utf-8")
        assert said.returncode == 0, said.stdout + said.stderr
        assert "executed" not in said.stdout, "a move runs no lesson"
    texts = [
        path.read_text("utf-8") for path in copy.rglob("*") if path.suffix in {".md", ".cff", ".toml", ".yml", ".ipynb"}
    ]
    links = [link for text in texts for link in LOOKS_OURS.findall(text)]
    assert len(links) > 50 and not [link for link in links if address.OWNER in link]
    assert 'branches: ["spring"]' in (copy / ".github/workflows/pages.yml").read_text("utf-8")
    assert "git clone -b spring https://github.com/someone/vae-class\ncd vae-class\n" in (copy / "README.md").read_text(
        "utf-8"
    )


def test_a_move_to_an_owners_own_site_and_back_changes_nothing_else(copy):
    names = [*address.files(), address.PROJECT, address.PAGES]
    before = {path: path.read_text("utf-8") for path in names}
    for url in ("git@github.com:someone/someone.github.io.git", address.GITHUB):
        subprocess.run([sys.executable, "notebooks/address.py", url], cwd=copy, check=True)
        moved = {path: (copy / path.relative_to(address.ROOT)).read_text("utf-8") for path in names}
        assert ("https://someone.github.io/ja/explorer.html" in moved[ROOT / "README.md"]) == (url != address.GITHUB)
    assert moved == before


def test_an_address_that_is_none_changes_nothing(copy):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    said = subprocess.run(
        [sys.executable, "notebooks/address.py", "https://example.org/x"],
        cwd=copy,
        capture_output=True,
        encoding="utf-8",
    )
    assert said.returncode == 1 and "OWNER/NAME/tree/BRANCH" in said.stderr
    assert {
        path: path.read_bytes() for path in copy.rglob("*") if path.is_file() and "__pycache__" not in str(path)
    } == before


# How the README's commands without make are tried: in little time, and in no environment but this one.
TRIED = {
    "python -m venv .venv": ("python -m venv --without-pip .venv", ""),
    'pip install -e ".[dev]"': ('pip install --dry-run --no-deps --no-build-isolation -e ".[dev]"', "vae-edu"),
    "jupyter lab --notebook-dir=notebooks": ("jupyter lab --notebook-dir=notebooks --show-config", "'notebooks'"),
    "pytest": ("pytest -n 0 tests/test_language.py notebooks/en/03_network.ipynb", "passed"),
    "jupyter-book build book -W -n --keep-going": (None, ""),  # the fixture `site` runs it for every page
}


def test_the_course_can_be_set_up_without_make(copy):
    """The README's commands for PowerShell, with the folder of programs written as Linux does."""
    blocks = re.findall(r"```powershell\n(.*?)```", (copy / "README.md").read_text("utf-8"), re.S)
    commands = [line.replace(".venv\\Scripts\\", "") for line in blocks[0].splitlines()]
    assert len(blocks) == 2 and blocks[0] == blocks[1] and commands == list(TRIED)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for command, words in TRIED.values():
        if command:
            done = subprocess.run(command, shell=True, cwd=copy, env=environment, capture_output=True, encoding="utf-8")
            assert done.returncode == 0 and words in done.stdout + done.stderr, done.stdout + done.stderr


def test_no_program_needs_its_folder_to_be_the_working_one(copy, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for command in (
        ["address.py"],
        ["build.py", "--check", "04_loss"],
        ["absorb.py", copy / "notebooks/en/04_loss.ipynb"],
    ):
        program = [sys.executable, copy / "notebooks" / command[0], *command[1:]]
        done = subprocess.run(program, cwd=tmp_path / "elsewhere", capture_output=True, encoding="utf-8")
        assert "Error" not in done.stderr, done.stderr
    assert not list((tmp_path / "elsewhere").iterdir())


def test_no_module_of_unix_alone_is_imported():
    for path in (ROOT / name for name in tracked() if name.endswith(".py")):
        assert not re.search(
            r"^ *(import|from) (fcntl|pwd|grp|resource|termios|pty|tty)\b", path.read_text("utf-8"), re.M
        ), path
