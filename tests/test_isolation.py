"""isolation, running: a check changes nothing for the cells after it, is changed by nothing before it, and always ends."""

import builtins
import functools
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import vae_edu
from vae_edu import checks
from vae_edu.checks import EXERCISES, diagnose, losses, running

RIGHT = EXERCISES["kl_divergence"].reference
SIGMA = EXERCISES["sigma"].reference


# What a function may do to everything after it, and where that can be seen.
SPOILERS = {
    "default dtype": (lambda: torch.set_default_dtype(torch.float64), torch.get_default_dtype),
    "gradients": (lambda: torch.set_grad_enabled(False), torch.is_grad_enabled),
    "inference mode": (lambda: torch.inference_mode().__enter__(), torch.is_inference_mode_enabled),
    "autocast": (lambda: torch.autocast("cpu").__enter__(), lambda: torch.is_autocast_enabled("cpu")),
    "default device": (lambda: torch.set_default_device("meta"), torch.get_default_device),
    "threads": (lambda: torch.set_num_threads(3), torch.get_num_threads),
    "deterministic": (
        lambda: torch.use_deterministic_algorithms(True, warn_only=True),
        lambda: (torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()),
    ),
    "cudnn": (lambda: setattr(torch.backends.cudnn, "benchmark", True), lambda: torch.backends.cudnn.benchmark),
    "precision": (lambda: torch.set_float32_matmul_precision("medium"), torch.get_float32_matmul_precision),
    "anomalies": (lambda: torch.autograd.set_detect_anomaly(True), torch.is_anomaly_enabled),
    "torch's printing": (lambda: torch.set_printoptions(precision=1), lambda: str(torch.tensor(1 / 3))),
    "NumPy's printing": (lambda: np.set_printoptions(precision=1), lambda: str(np.array([1 / 3]))),
    "NumPy's errors": (lambda: np.seterr(all="raise"), np.geterr),
    "torch's numbers": (lambda: torch.manual_seed(1), lambda: torch.get_rng_state().tolist()),
    "NumPy's numbers": (lambda: np.random.seed(1), lambda: np.random.get_state()[1].tolist()),
    "Python's numbers": (lambda: random.seed(1), random.getstate),
    "warnings": (lambda: warnings.simplefilter("error"), lambda: list(warnings.filters)),
    "recursion limit": (lambda: sys.setrecursionlimit(5000), sys.getrecursionlimit),
    "rcParams": (lambda: mpl.rcParams.update({"figure.dpi": 31}), lambda: mpl.rcParams["figure.dpi"]),
    "a new figure": (lambda: plt.figure(), plt.get_fignums),
    "a closed figure": (lambda: plt.close("all"), plt.get_fignums),
    "folder": (lambda: os.chdir("/"), os.getcwd),
    "a new variable": (lambda: os.environ.update(VAE_EDU_STRICT="1"), lambda: os.environ.get("VAE_EDU_STRICT")),
    "a deleted variable": (lambda: os.environ.pop("VAE_EDU_DATA"), lambda: os.environ.get("VAE_EDU_DATA")),
    "language": (lambda: vae_edu.set_language("ja"), lambda: vae_edu.language.tr(ja="ja", en="en")),
    "path": (lambda: sys.path.insert(0, "/nowhere"), lambda: list(sys.path)),
    "garbage collection": (gc.disable, gc.isenabled),
    "output": (lambda: setattr(sys, "stdout", None), lambda: sys.stdout),
    "print": (lambda: setattr(builtins, "print", None), lambda: builtins.print),
    "torch.randn": (lambda: setattr(torch, "randn", torch.zeros), lambda: torch.randn),
    "F.binary_cross_entropy": (lambda: setattr(F, "binary_cross_entropy", None), lambda: F.binary_cross_entropy),
    "Tensor.exp": (lambda: setattr(torch.Tensor, "exp", torch.Tensor.log), lambda: torch.Tensor.exp),
    "a deleted name": (lambda: delattr(torch, "rand"), lambda: torch.rand),
    "the library's function": (lambda: setattr(vae_edu, "vae_loss", None), lambda: vae_edu.vae_loss),
    "the library's model": (lambda: setattr(vae_edu.ConvVAE, "decode", None), lambda: vae_edu.ConvVAE.decode),
    "no exercises": (EXERCISES.clear, lambda: dict(EXERCISES)),
    "another exercise": (
        lambda: EXERCISES.update(kl_divergence=EXERCISES["sigma"]),
        lambda: EXERCISES["kl_divergence"],
    ),
    "no mistakes": (losses.KL_MISTAKES.clear, lambda: list(EXERCISES["kl_divergence"].mistakes)),
    "no records": (checks.results.RECORDS.clear, lambda: checks.results.RECORDS[:1]),
}


@pytest.mark.parametrize("name", SPOILERS)
def test_a_check_leaves_everything_as_it_was(name, capsys):
    spoil, look = SPOILERS[name]
    figure = plt.figure()  # one that must not go
    vae_edu.check("kl_divergence", RIGHT)  # a record
    torch.manual_seed(0)

    def spoiler(mu, logvar):
        result = RIGHT(mu, logvar)
        spoil()
        return result

    before = look()
    try:
        vae_edu.check("kl_divergence", spoiler)
        assert look() == before
        assert capsys.readouterr().out == "✅ Correct.\n" * 2
    finally:
        plt.close(figure)


@pytest.mark.parametrize("name", SPOILERS)
def test_what_a_function_does_decides_no_other_check(name):
    """Nor does it decide the rest of its own: right is right, and wrong is named, whatever was spoiled."""
    spoil, _ = SPOILERS[name]

    def spoiler(logvar):
        result = logvar.exp()
        spoil()
        return result

    assert diagnose("sigma", spoiler).key == "variance"
    assert diagnose("sigma", SIGMA) is None
    for exercise in ("kl_divergence", "train_epoch", "bernoulli_sample"):
        assert diagnose(exercise, EXERCISES[exercise].reference) is None


def test_references_are_measured_before_the_learners_code(monkeypatch):
    order = []
    measure = lambda function: order.append(function) or [checks.measuring.Part("", torch.zeros(()))]  # noqa: E731
    exercise = checks.Exercise("reference", (measure, measure), [])
    monkeypatch.setitem(EXERCISES, "sigma", exercise)
    assert diagnose("sigma", "learner") is None
    assert order == ["reference", "learner", "learner"]


BEFORE = {
    "default dtype": lambda: torch.set_default_dtype(torch.float64),
    "gradients": lambda: torch.set_grad_enabled(False),
    "default device": lambda: torch.set_default_device("meta"),
    "warnings": lambda: warnings.simplefilter("error"),
    "anomalies": lambda: torch.autograd.set_detect_anomaly(True),
}


@pytest.mark.parametrize("name", BEFORE)
@pytest.mark.parametrize("exercise", ["kl_divergence", "reparameterize", "training_step", "decode_point"])
def test_what_the_notebook_set_before_decides_no_check(name, exercise):
    state = torch.get_default_dtype(), torch.is_grad_enabled(), torch.is_anomaly_enabled()
    try:
        with warnings.catch_warnings():
            BEFORE[name]()
            seen = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_default_device()
            assert diagnose(exercise, EXERCISES[exercise].reference) is None
            mistake = EXERCISES[exercise].mistakes[0]
            assert diagnose(exercise, mistake.ways()[0]).key == mistake.key
            assert (torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_default_device()) == seen
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(state[0])
        torch.set_grad_enabled(state[1])
        torch.autograd.set_detect_anomaly(state[2])


def test_a_warning_is_no_error_even_where_warnings_are(capsys):
    def warns(logvar):
        warnings.warn("take care", stacklevel=1)
        return SIGMA(logvar)

    with pytest.warns(UserWarning, match="take care"):
        warnings.simplefilter("error")
        vae_edu.check("sigma", warns)
    assert capsys.readouterr().out == "✅ Correct.\n"


def test_a_check_works_in_a_cell_without_gradients():
    with torch.inference_mode():
        assert diagnose("kl_divergence", RIGHT) is None
        assert torch.is_inference_mode_enabled()


# Programs that never end, as seriously as they can.
def endless(mu, logvar):
    while True:
        pass


def deaf(mu, logvar):
    for _ in range(3):
        try:
            while True:
                pass
        except BaseException:
            pass


def alive():
    """The names of the threads that run."""
    return sorted(thread.name for thread in threading.enumerate())


@pytest.mark.parametrize("function", [endless, deaf])
@pytest.mark.parametrize(("lang", "words"), [("ja", "終わらない繰り返し"), ("en", "loop that never ends")])
def test_a_loop_that_never_ends_is_stopped(function, lang, words, monkeypatch):
    vae_edu.set_language(lang)
    diagnose("kl_divergence", RIGHT)
    monkeypatch.setattr(running, "TIME_LIMIT", 0.5)
    threads, started = alive(), time.monotonic()
    fault = diagnose("kl_divergence", function)
    assert fault.key == "endless" and words in fault and "0.5" in fault
    assert time.monotonic() - started < 15  # on a busy machine, too, less than the usual 20
    assert alive() == threads  # it does not go on beside the lesson


def test_the_functions_of_the_tables_have_no_time_limit(monkeypatch):
    """What is right stays right on a slow machine."""

    def slow(logvar):
        time.sleep(0.3)
        return SIGMA(logvar)

    monkeypatch.setitem(EXERCISES, "sigma", EXERCISES["sigma"]._replace(reference=slow))
    monkeypatch.setattr(running, "TIME_LIMIT", 0.1)
    assert diagnose("sigma", slow).key == "endless"
    assert diagnose("sigma", lambda logvar: (logvar / 2).exp()) is None


@pytest.fixture
def heard():
    """SIGINT is heard: a shell's background jobs, and what they start, ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_stop_button_ends_the_learners_thread(heard):
    diagnose("kl_divergence", RIGHT)
    threads, dtype = alive(), torch.get_default_dtype()

    def spoiled(mu, logvar):
        torch.set_default_dtype(torch.float64)
        os.kill(os.getpid(), signal.SIGINT)  # what the button does
        endless(mu, logvar)

    with pytest.raises(KeyboardInterrupt):
        vae_edu.check("kl_divergence", spoiled)
    assert alive() == threads and torch.get_default_dtype() == dtype


@pytest.mark.parametrize(("lang", "words"), [("ja", "これ以上の出力は省きます"), ("en", "the rest is not shown")])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_a_function_prints_is_shown_and_bounded(lang, words, stream, capsys):
    vae_edu.set_language(lang)

    def chatty(mu, logvar):
        for row in range(len(mu)):
            print("row", row, file=getattr(sys, stream))
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)

    vae_edu.check("reparameterize", chatty)
    said = getattr(capsys.readouterr(), "out" if stream == "stdout" else "err")
    assert said.startswith("row 0\nrow 1\n") and said.count(words) == 1 and len(said) < 1.2 * running.PRINTED


def test_a_few_words_are_shown_whole(capsys):
    vae_edu.check("sigma", lambda logvar: print(logvar.shape) or SIGMA(logvar))
    assert capsys.readouterr().out.splitlines()[0] == "torch.Size([3, 2])"


CELL = """import functools
import torch

def helper(x):
    return x.no_such_method()  # line 5

def plain(logvar, *_):
    a = str(logvar)
    return a.no_such_method()  # line 9

@torch.no_grad()
def decorated(logvar, *_):
    return logvar.no_such_method()  # line 13

def by_helper(logvar, *_):
    return helper(logvar)

def own(function):
    @functools.wraps(function)
    def wrapper(*inputs):
        return function(*inputs)
    return wrapper

@own
def twice_decorated(logvar, *_):
    return logvar.no_such_method()  # line 26

class Module(torch.nn.Module):
    def forward(self, logvar, *_):
        return logvar.no_such_method()  # line 30

module = Module()

def in_torch(logvar, *_):
    return torch.nn.Linear(3, 77)(torch.zeros(2, 5))  # line 35

def compiled(logvar, *_):
    return sorted([1, 2], key=lambda x: x.no_such_method())  # line 38

part = functools.partial(plain)
"""
LINES = {
    "plain": 9, "decorated": 13, "by_helper": 5, "twice_decorated": 26, "module": 30, "in_torch": 35, "compiled": 38,
    "part": 9,
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("exercise", ["sigma", "reparameterize", "training_step", "bernoulli_sample"])
@pytest.mark.parametrize(("lang", "words"), [("ja", "セルの {} 行目"), ("en", "in line {} of its cell")])
def test_the_line_of_an_error_is_the_learners_own(name, exercise, lang, words):
    vae_edu.set_language(lang)
    scope = {}
    exec(compile(CELL, "/tmp/ipykernel_1/cell.py", "exec"), scope)
    fault = diagnose(exercise, scope[name])
    assert fault.key == "error" and words.format(LINES[name]) in fault, fault


@pytest.mark.parametrize("function", [lambda: 1, functools.partial(torch.add, 1, 2, 3, 4), torch.nn.Linear(2, 2)])
def test_an_error_in_no_line_of_the_learners_names_none(function):
    fault = diagnose("kl_divergence", function)
    assert fault.key == "error" and "line" not in fault.split("\n")[0]


def test_a_deleted_working_folder_is_no_trouble(tmp_path):
    """In a process of its own: nothing can go back to such a folder."""
    script = (
        f"import os, shutil, vae_edu; os.mkdir({str(tmp_path / 'gone')!r}); os.chdir({str(tmp_path / 'gone')!r})\n"
        f"shutil.rmtree({str(tmp_path / 'gone')!r}); vae_edu.check('sigma', lambda logvar: (logvar / 2).exp())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8")
    assert done.stdout == "✅ Correct.\n", done.stderr


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU of CUDA")
def test_a_check_leaves_the_random_numbers_of_the_gpu():
    torch.cuda.manual_seed(0)
    before = torch.cuda.get_rng_state()

    def on_gpu(mu, logvar):
        noise = torch.randn(mu.shape, device="cuda").cpu()
        return mu + torch.exp(0.5 * logvar) * noise

    assert diagnose("reparameterize", on_gpu) is None
    assert torch.equal(torch.cuda.get_rng_state(), before)
