"""How a learner's function is run: in a thread of its own, within a time limit, printing a little; and where it fails."""

import contextlib
import ctypes
import os
import sys
import sysconfig
import threading
import time
import traceback
from pathlib import Path

import torch

from ..language import tr
from .isolation import SETTINGS, put_back

TIME_LIMIT = float(os.environ.get("VAE_EDU_TIME_LIMIT", 20))  # seconds for one call of a learner's function
PRINTED = 1_000  # characters that one check lets a function print
LIBRARIES = (
    str(Path(__file__).parents[1]),
    str(Path(torch.__file__).parent),
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    "<frozen",
    "<__array_function__",
)


def run(work):
    """(what `work()` returned, the error it raised), one of them None; or None if it did not end within TIME_LIMIT.

    The stop button (KeyboardInterrupt) ends the thread, too. What the work changes of the settings is put back.
    """
    outcomes, ended = [], threading.Event()  # an interrupted Thread.join takes the thread for ended in Python 3.11

    def catch():
        try:
            outcomes.append((work(), None))
        except BaseException as error:  # not even sys.exit() ends the lesson
            outcomes.append((None, error))
        finally:
            ended.set()

    thread = threading.Thread(target=catch, daemon=True)
    with put_back(SETTINGS):
        try:
            thread.start()
            _wait(ended)
            return outcomes[0] if outcomes else None
        finally:
            _end(thread, ended)


def _wait(ended):
    """Wait for the end or for TIME_LIMIT; in pieces, because Windows cannot interrupt a long wait."""
    latest = time.monotonic() + TIME_LIMIT
    while not ended.is_set() and time.monotonic() < latest:
        ended.wait(min(0.2, TIME_LIMIT))


def _end(thread, ended):
    """Raise SystemExit in a thread that goes on, more than once: its code may catch it."""
    for _ in range(20):
        if ended.is_set():
            thread.join(1)
            break
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
        ended.wait(0.05)


@contextlib.contextmanager
def unlimited():
    """Without a limit: what is right stays right on a slow machine."""
    global TIME_LIMIT
    before, TIME_LIMIT = TIME_LIMIT, float("inf")
    try:
        yield
    finally:
        TIME_LIMIT = before


def line_of(error):
    """The number of the line where a learner's code raised an error, within its cell; None if no line is the learner's."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(LIBRARIES)]
    return next((frame.lineno for frame in reversed(frames) if frame.filename == frames[0].filename), None)


class Bounded:
    """A stream that lets PRINTED characters through, says that it stops, and is silent from then on."""

    def __init__(self, stream):
        self.stream, self.room = stream, PRINTED

    def write(self, text):
        if self.room > 0:
            self.stream.write(text[: self.room])
            self.room -= len(text)
            if self.room <= 0:
                self.stream.write(tr(ja="\n… (これ以上の出力は省きます)\n", en="\n… (the rest is not shown)\n"))
        return len(text)

    def close(self):
        """The notebook needs the stream."""

    def __getattr__(self, name):
        return getattr(self.stream, name)


@contextlib.contextmanager
def bounded_output():
    """What is printed meanwhile is bounded, on each of the two streams."""
    with contextlib.redirect_stdout(Bounded(sys.stdout)), contextlib.redirect_stderr(Bounded(sys.stderr)):
        yield
