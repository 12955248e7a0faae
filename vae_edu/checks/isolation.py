"""What a learner's function may change while it is checked, put back afterwards: settings, random numbers, names."""

import builtins
import contextlib
import gc
import math
import os
import random
import sys
import warnings
from functools import partial

import matplotlib as mpl
import numpy as np
import torch
from matplotlib._pylab_helpers import Gcf

CUDNN = torch.backends.cudnn


def _folder():
    try:
        return os.getcwd()
    except FileNotFoundError:  # it was deleted: there is nothing to go back to
        return None


def _set_folder(folder):
    if folder is not None and folder != _folder():
        os.chdir(folder)


def _set_environment(before):
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


def _set_figures(managers):
    """Close the figures that are new; those that were closed come back."""
    for manager in [manager for manager in Gcf.figs.values() if manager not in managers.values()]:
        Gcf.destroy(manager)
    Gcf.figs.clear()
    Gcf.figs.update(managers)


def _deterministic():
    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _spaces():
    """Where the names stand that the tables and torch itself are found by: modules, and the library's classes."""
    modules = [torch, torch.nn, torch.nn.functional, torch.distributions, torch.optim, np, np.random, math, random]
    own = [module for name, module in sys.modules.items() if name.startswith("vae_edu")]
    classes = [x for module in own for x in vars(module).values() if isinstance(x, type) and "vae_edu" in x.__module__]
    return [builtins, torch.Tensor, torch.nn.Module, torch._tensor_str.PRINT_OPTS, *modules, *own, *classes]


def _names():
    """What every name means, and what the library's own lists and tables hold."""
    names = [(space, dict(vars(space))) for space in _spaces()]
    tables = [
        (value, value.copy())
        for space, meanings in names
        if space.__class__ is type(sys) and space.__name__.startswith("vae_edu")
        for name, value in meanings.items()
        if isinstance(value, dict | list) and not name.startswith("__")
    ]
    return names, tables


def _set_names(saved):
    names, tables = saved
    for space, meanings in names:
        now = vars(space)
        for name, meaning in meanings.items():
            if now.get(name, now) is not meaning:
                setattr(space, name, meaning)
        if isinstance(space, type):  # a module's new names may stay: torch imports some of its parts when needed
            for name in [name for name in now if name not in meanings and not name.startswith("__")]:
                delattr(space, name)
    for table, before in tables:
        table.clear()
        (table.update if isinstance(table, dict) else table.extend)(before)


# (what it is, how to set it)
SETTINGS = [
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (_deterministic, lambda modes: torch.use_deterministic_algorithms(modes[0], warn_only=modes[1])),
    (lambda: CUDNN.benchmark, partial(setattr, CUDNN, "benchmark")),
    (lambda: CUDNN.deterministic, partial(setattr, CUDNN, "deterministic")),
    (np.geterr, lambda modes: np.seterr(**modes)),
    (np.get_printoptions, lambda options: np.set_printoptions(**options)),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    (lambda: sys.stdout, partial(setattr, sys, "stdout")),
    (lambda: sys.stderr, partial(setattr, sys, "stderr")),
    (sys.path.copy, partial(sys.path.__setitem__, slice(None))),
    (_folder, _set_folder),
    (lambda: dict(os.environ), _set_environment),
    (lambda: dict(Gcf.figs), _set_figures),
    (_names, _set_names),
]
RANDOM_NUMBERS = [
    (torch.get_rng_state, torch.set_rng_state),
    (lambda: torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [], torch.cuda.set_rng_state_all),
    (np.random.get_state, np.random.set_state),
    (random.getstate, random.setstate),
]


@contextlib.contextmanager
def put_back(table):
    """Afterwards everything in the table, warnings and matplotlib's settings are as before, whatever happened."""
    saved = [(getter, setter, getter()) for getter, setter in table]
    try:
        with warnings.catch_warnings(), mpl.rc_context():
            yield
    finally:
        for getter, setter, value in reversed(saved):  # the names first: the others use them
            if not _equal(getter(), value):
                setter(value)


def _equal(one, other):
    try:
        return bool(one == other)
    except (RuntimeError, ValueError):  # arrays and tensors give no single answer
        return False


@contextlib.contextmanager
def fresh():
    """The settings in which answers are measured, whatever the notebook's are; everything is put back afterwards."""
    with (
        put_back(SETTINGS + RANDOM_NUMBERS),
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast("cpu", enabled=False),
        torch.device("cpu"),
    ):
        torch.set_default_dtype(torch.float32)
        warnings.simplefilter("default")
        yield
