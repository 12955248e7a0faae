"""What several test files share."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vae_edu

ROOT = Path(__file__).resolve().parents[1]
WHOLE = ROOT.parent / "shared" / "data"  # where the maintainers keep the whole MNIST


@pytest.fixture(autouse=True)
def english():
    """Every test starts with the library speaking English."""
    vae_edu.set_language("en")


@pytest.fixture(params=["ja", "en"])
def told(request):
    """A check, run in both languages: a call raises an error of this kind, whose message has these words in it."""

    def told(call, kind, words):
        vae_edu.set_language(request.param)
        with pytest.raises(kind) as error:
            call()
        message = str(error.value)
        assert all(word in message for word in words), message
        assert any("ぁ" <= character <= "ん" for character in message) == (request.param == "ja"), message

    return told


@pytest.fixture
def whole_mnist(monkeypatch):
    """load_mnist gives the whole MNIST; the test is skipped where it is not at hand."""
    if not (WHOLE / "MNIST").exists():
        pytest.skip("the whole MNIST is not at hand")
    monkeypatch.setenv("VAE_EDU_DATA", str(WHOLE))


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the site's pages, built by the Makefile's command; once for all processes of pytest-xdist.

    What the command printed, and its exit status, lie in files beside the pages: build.log and build.status.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # all processes have their folders here
    status = folder / "_build" / "build.status"
    with open(folder / "site.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not status.exists():
            program = Path(sys.executable).with_name("jupyter-book")
            command = [program, "build", "book", "-W", "-n", "--keep-going", "--path-output", folder]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            (status.parent / "build.log").write_text(done.stdout)
            status.write_text(str(done.returncode))
    return status.parent / "html"
