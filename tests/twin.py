"""Twins of Colab's runtimes: the lessons, as a student meets them, with exactly the versions that a runtime has.

    python tests/twin.py tests/colab-*.txt      (make test-colab)

For each list of versions: an environment of its own in `.venv-<list>`, on the Python that the list's first line names
or the nearest that is installed. Every notebook is then run in a folder where it lies alone, its set-up cell as it is:
git takes the repository's address for this checkout's last commit, so `%pip install` fetches, builds and installs that.
A twin passes when the installation changed no other package, and no notebook raised an error or a warning.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("??/*.ipynb"))
sys.path.insert(0, str(ROOT / "notebooks"))
from address import BRANCH, GITHUB  # noqa: E402


def run(*command, **options):
    """What a command prints; CalledProcessError with its messages shown if it fails."""
    return subprocess.run(command, check=True, encoding="utf-8", stdout=subprocess.PIPE, **options).stdout


def python_for(versions):
    """The Python that the list's first line names (`# Python 3.13`), or the nearest that is installed."""
    wanted = int(re.match(r"# Python 3\.(\d+)", versions.read_text("utf-8"))[1])
    for minor in sorted(range(11, 20), key=lambda minor: abs(minor - wanted)):
        path = shutil.which(f"python3.{minor}")
        if path and subprocess.run([path, "--version"], capture_output=True).returncode == 0:
            return path
    return sys.executable


def build(versions):
    """The python of an environment with the packages of a list and their requirements, made anew."""
    folder = ROOT / f".venv-{versions.stem}"
    run(python_for(versions), "-m", "venv", "--clear", folder)
    run(folder / "bin" / "python", "-m", "pip", "install", "-q", "uv")
    run(folder / "bin" / "uv", "pip", "install", "-q", "--python", folder / "bin" / "python", "-r", versions)
    return folder / "bin" / "python"


def packages(python):
    """Every installed package with its version."""
    return set(run(python, "-m", "pip", "list", "--format=freeze").split())


def prepare(python, home):
    """An environment in which `python` is the notebooks' kernel, and GitHub's copy of the course is this checkout."""
    run("git", "clone", "-q", "--bare", ROOT, home / "course.git")
    run("git", "-C", home / "course.git", "branch", "-f", BRANCH, run("git", "-C", ROOT, "rev-parse", "HEAD").strip())
    kernel = home / "kernels" / "python3"
    kernel.mkdir(parents=True)
    arguments = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        f'{{"argv": {arguments}, "display_name": "twin"}}'.replace("'", '"'), encoding="utf-8"
    )
    os.environ |= {
        "JUPYTER_PATH": str(home),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{home}/course.git.insteadOf",
        "GIT_CONFIG_VALUE_0": GITHUB,
        "VAE_EDU_DATA": "sample",
        "OMP_NUM_THREADS": "1",  # two notebooks run at once
        "PIP_CONSTRAINT": os.devnull,  # versions that this machine holds back are none of Colab's
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # or every kernel warns about a debugger that nobody uses
    }
    os.environ.pop("PYTHONPATH", None)


def fault(path, content):
    """What went wrong in a notebook that lies alone in a folder: an error, or what was written to stderr; or None."""
    nb, folder = nbformat.read(path, 4), content / path.parent.name / path.stem
    folder.mkdir(parents=True)
    try:
        NotebookClient(nb, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    except CellExecutionError as error:
        return str(error)
    texts = [o.text for c in nb.cells for o in c.get("outputs", []) if o.output_type == "stream" and o.name == "stderr"]
    return "".join(texts) or None


def try_twin(versions):
    """Build a twin and run every notebook in it; the number of faults, each printed."""
    python = build(versions)
    print(
        f"{versions.stem}: {run(python, '--version').strip()}, torch {run(python, '-c', 'import torch; print(torch.__version__)').strip()}"
    )
    before = packages(python)
    with tempfile.TemporaryDirectory() as home:
        prepare(python, Path(home))
        content = repeat(Path(home) / "content")
        said = list(map(fault, NOTEBOOKS[:1], content))  # alone, because it installs the course
        with ThreadPoolExecutor(max_workers=2) as pool:
            said += pool.map(fault, NOTEBOOKS[1:], content)
    for path, words in zip(NOTEBOOKS, said, strict=True):
        print(f"  {path.parent.name}/{path.stem}: {words or 'passed'}")
    faults = len(NOTEBOOKS) - said.count(None)
    changed = {line for line in packages(python) ^ before if not line.startswith("vae-edu")}
    print(f"  changed by the installation, beside vae-edu: {', '.join(sorted(changed)) or 'nothing'}")
    return faults + len(changed)


if __name__ == "__main__":
    results = {name: try_twin(Path(name)) for name in sys.argv[1:]}
    print(results)
    sys.exit(any(results.values()))
