"""What several test files share."""

import functools
import http.server
import itertools
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from playwright.sync_api import sync_playwright

import vae_edu
from vae_edu import training

ROOT = Path(__file__).resolve().parents[1]
WHOLE = ROOT.parent / "shared" / "data"  # where the maintainers keep the whole MNIST
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
FLAGS = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-component-update"


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
def press_stop(monkeypatch):
    """Presses the stop button at one training step, counted from 1."""

    def press_stop(at_step):
        step, steps = training.training_step, itertools.count(1)

        def stopped(*args):
            if next(steps) == at_step:
                raise KeyboardInterrupt
            return step(*args)

        monkeypatch.setattr(training, "training_step", stopped)

    return press_stop


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
    with FileLock(folder / "site.lock"):
        if not status.exists():
            program = Path(sys.executable).with_name("jupyter-book")
            command = [program, "build", "book", "-W", "-n", "--keep-going", "--path-output", folder]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
            (status.parent / "build.log").write_text(done.stdout, encoding="utf-8")
            status.write_text(str(done.returncode), encoding="utf-8")
    return status.parent / "html"


class Silent(http.server.SimpleHTTPRequestHandler):
    """A server that does not print every request."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address_of_site(site):
    """Where the site is served, on this machine alone."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=site))
    server.handle_error = lambda *args: None  # a tab that leaves a page drops what it was still fetching
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window; what needs it is skipped where it is missing."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: install chromium and fonts-noto-cjk (Debian packages) to test the site in a browser")
    with sync_playwright() as playwright:
        args = [f"--{flag}" for flag in [*FLAGS.split(), "disable-sync"]]
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=args)


def new_tab(browser, address, faults, **settings):
    """A tab of a phone 360 pixels wide, or as the settings say.

    What goes wrong in it, and what comes from another host, is noted in faults.
    """
    phone = {"base_url": address, "viewport": {"width": 360, "height": 740}, "reduced_motion": "reduce"}
    context = browser.new_context(**phone | settings)
    context.set_default_timeout(30_000)
    tab, own = context.new_page(), (address, "data:", "blob:")
    tab.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("request", lambda request: request.url.startswith(own) or faults.append(request.url))
    return tab


@pytest.fixture
def open_tab(browser, address_of_site):
    """Opens tabs, in which nothing goes wrong."""
    tabs, faults = [], []

    def open_tab(**settings):
        tabs.append(new_tab(browser, address_of_site, faults, **settings))
        return tabs[-1]

    yield open_tab
    for tab in tabs:
        tab.context.close()
    assert not faults


@pytest.fixture
def tab(open_tab):
    return open_tab()


def pytest_terminal_summary(terminalreporter):
    """What the tests ran on, so that a failure elsewhere can be placed."""
    chromium = (
        CHROMIUM and subprocess.run([CHROMIUM, "--version"], capture_output=True, encoding="utf-8", check=False).stdout
    )
    switches = [f"{name}={os.environ[name]}" for name in sorted(os.environ) if re.match("ATEN_|ONEDNN_|OMP_", name)]
    ran_on = {
        "processor": f"{processor()}, {os.cpu_count()} cores; torch uses {torch.backends.cpu.get_cpu_capability()}",
        "switches": " ".join(switches),
        "system": platform.platform(),
        "Python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numpy", "matplotlib", "ipywidgets", "ipykernel", "nbval")},
        "browser": (chromium or "none").strip(),
    }
    terminalreporter.section("what the tests ran on")
    for name, value in ran_on.items():
        terminalreporter.write_line(f"{name:<11} {value}")


def processor():
    """The processor's name, where Linux tells it; else its kind."""
    cpus = Path("/proc/cpuinfo")
    name = re.search(r"model name\s*: (.*)", cpus.read_text("utf-8")) if cpus.exists() else None
    return name[1] if name else platform.processor() or platform.machine()
