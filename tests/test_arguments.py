"""arguments: whatever a learner passes, the error comes from the library, names the argument, and speaks the language.

Every public function is called with good arguments, one of them replaced by `anything`. Either the call works, or its
error passes `is_for_a_learner`.
"""

import inspect
import re
import traceback
import warnings
from pathlib import Path

import hypothesis
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import TensorDataset

import vae_edu
from vae_edu.checks import EXERCISES, diagnose

LIBRARY = str(Path(vae_edu.__file__).parent)
KANA = re.compile("[ぁ-ん]")

torch.manual_seed(0)
X = torch.rand(4, 1, 28, 28)
DIGITS = TensorDataset(torch.rand(10, 1, 28, 28), torch.arange(10))
MODEL = vae_edu.ConvVAE(latent_dim=2)
CODES = vae_edu.encode_dataset(MODEL, DIGITS)
TERMS = vae_edu.LossTerms(1.0, 1.0, 0.0)
HISTORY = [vae_edu.EpochRecord(1, TERMS, TERMS, 1.0)]


def good_arguments():
    """Functions by name, each with arguments that it takes, made afresh."""
    model, codes, z = vae_edu.ConvVAE(latent_dim=2), CODES, torch.randn(4, 2)
    optimizer = torch.optim.Adam(model.parameters())
    data = {"model": model, "dataset": DIGITS}
    grid = {"limit": 3.0, "steps": 3, "spacing": "linear"}
    cloud = {"mu": z, "logvar": z}
    return {
        "check": {"name": "kl_divergence", "function": None},
        "compare": {"prediction": 1, "result": 2},
        "load_mnist": {"split": "test"},
        "load_fashion_mnist": {"split": "test"},
        "load_images": {"source": [Image.fromarray((X[0, 0] * 255).byte().numpy())]},
        "load_kmnist": {"split": "test"},  # of which the tests have no sample: an OSError
        "one_of_each_digit": {"dataset": DIGITS},
        "export_explorer": {"model": model, "path": "explorer.safetensors", "codes": codes},
        "latent_explorer": {"model": model, "codes": codes},
        "set_language": {"language": "en"},
        "encode_dataset": data | {"batch_size": 5},
        "interpolate": {"start": z[0], "end": z[1], "steps": 3},
        "nearest_distance": {"points": z, "others": z},
        "latent_axis": grid,
        "latent_grid": grid,
        "kl_divergence": cloud,
        "reconstruction_loss": {"x_logits": X, "x": X},
        "vae_loss": {"output": model(X), "x": X, "beta": 1.0},
        "ConvVAE": {"latent_dim": 2},
        "MLPVAE": {"latent_dim": 2},
        "ConvVAE.encode": {"x": X},
        "ConvVAE.decode": {"z": z},
        "ConvVAE.decode_logits": {"z": z},
        "ConvVAE.__call__": {"x": X},
        "reparameterize": cloud,
        "plot_history": {"history": HISTORY},
        "plot_images": {"images": X, "titles": list("abcd"), "row_labels": None, "columns": 2, "size": 0.5},
        "plot_latent_grid": {"model": model, "limit": 3.0, "steps": 3, "spacing": "linear"},
        "plot_latent_scatter": {"codes": codes, "limit": 3.0},
        "plot_network": {"model": model},
        "plot_reconstructions": {"model": model, "images": X},
        "evaluate": data | {"batch_size": 5, "beta": 1.0, "seed": 0},
        "load": {"path": "model.pt"},
        "load_pretrained": {"name": "conv_vae_2d"},
        "pick_device": {},
        "save": {"model": model, "path": "model.pt"},
        "set_seed": {"seed": 0},
        "train": data
        | {"epochs": 1, "test_dataset": DIGITS, "batch_size": 5, "learning_rate": 1e-3}
        | {"schedule": "one_cycle", "beta": 1.0, "checkpoint": "run.pt", "progress": False},
        "training_step": {"model": model, "x": X, "optimizer": optimizer, "beta": 1.0},
        "latent_sliders": {"model": model, "limit": 3.0, "size": 28},
    }


def arguments_of(name):
    """A function's arguments by name, with which it works."""
    return good_arguments()[name]


CASES = [(name, argument) for name, arguments in good_arguments().items() for argument in arguments]


def function_of(name):
    """A public function by its name; a method, of a model."""
    if name.startswith("ConvVAE."):
        return getattr(vae_edu.ConvVAE(latent_dim=2), name.removeprefix("ConvVAE."))
    return getattr(vae_edu, name)


def test_every_public_function_is_tried_with_each_of_its_arguments():
    # Records hold what they are given, as every NamedTuple does.
    records = {"LatentCodes", "LossTerms", "VAEOutput", "EpochRecord"}
    public = {name for name, value in vars(vae_edu).items() if callable(value)} - records
    assert {name for name in good_arguments() if "." not in name} == public
    for name, arguments in good_arguments().items():
        if "." not in name:
            assert list(arguments) == list(inspect.signature(getattr(vae_edu, name)).parameters), name


# Values

SHAPES = [(), (0,), (2,), (3, 2), (4, 2), (4, 3), (0, 2), (1, 28, 28), (0, 1, 28, 28), (4, 1, 28, 28), (4, 3, 28, 28)]
DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool]
DTYPES += [torch.complex64]


@st.composite
def tensors(draw):
    """Tensors of many shapes, types and devices, in [0, 1] or not, with values that are no numbers or without."""
    shape, dtype = draw(st.sampled_from(SHAPES)), draw(st.sampled_from(DTYPES))
    tensor = (torch.rand(shape) * draw(st.sampled_from([1, 1, -1, 255, 1e30, torch.inf, torch.nan]))).to(dtype)
    form = draw(st.sampled_from(["plain", "plain", "meta", "sparse", "grad", "parameter"]))
    if form == "grad" and dtype.is_floating_point:
        return tensor.requires_grad_() * 1
    if form == "parameter" and dtype.is_floating_point:
        return torch.nn.Parameter(tensor)
    return {"meta": tensor.to("meta"), "sparse": tensor.to_sparse()}.get(form, tensor)


def stranger(part):
    """An object that has every attribute, none of them useful."""
    return type("Stranger", (), {"__getattr__": lambda self, name: part})()


SMALL = st.sampled_from([0, 1, 2, 3, -1, True, 0.5, 1e-3, -2.5, 1e-320])
HUGE = st.sampled_from([10**10, 2**63, 2**70, 1e10, 1e308, torch.inf, -torch.inf, torch.nan])
TEXTS = st.one_of(
    st.text(st.characters(exclude_characters="$\\", codec="utf-8"), max_size=8),
    st.sampled_from(["", "\0", ".", "..", "/", "a" * 300, "no/such/folder/x"]),
)
MODULES = [torch.nn.Linear(2, 2), torch.nn.Identity(), vae_edu.ConvVAE, vae_edu.ConvVAE(3), vae_edu.ConvVAE(2).double()]
MODULES += [vae_edu.ConvVAE(2).requires_grad_(False), vae_edu.ConvVAE(2).to("meta")]
MODULES += [vae_edu.MLPVAE(2), vae_edu.MLPVAE(3)]
OBJECTS = [None, ..., len, object(), torch.device("cpu"), torch.float32, Path("x"), Path(), b"x", {}, set(), 1j]
OBJECTS += [np.float32(1), np.int64(2), np.zeros((4, 1, 28, 28)), np.array("en"), DIGITS, CODES, HISTORY, HISTORY[0]]


@st.composite
def containers(draw):
    """Data sets, codes, histories and outputs of tensors that may or may not fit."""
    count = draw(st.sampled_from([0, 1, 4]))
    x, labels = draw(tensors()), draw(tensors())
    pair = TensorDataset(X[:count], torch.arange(4)[:count] * draw(st.sampled_from([1, 100])))
    pair.tensors = (draw(st.sampled_from([x, pair.tensors[0]])), draw(st.sampled_from([labels, pair.tensors[1]])))
    codes = vae_edu.LatentCodes(*draw(st.lists(tensors(), min_size=2, max_size=2)), pair.tensors[1])
    odd = draw(st.sampled_from([CODES._replace(mu=x), CODES._replace(labels=labels), codes]))
    output = vae_edu.VAEOutput(*draw(st.lists(tensors() | SMALL, min_size=4, max_size=4)))
    record = vae_edu.EpochRecord(1, draw(tensors() | SMALL | st.none()), None, 1.0)
    one = TensorDataset(X)
    return draw(st.sampled_from([pair, odd, output, [record], (record, None), one, [x], [x, labels], {"x": x}, "abcd"]))


anything = st.one_of(SMALL, HUGE, TEXTS, tensors(), containers(), st.sampled_from(MODULES), st.sampled_from(OBJECTS))


def is_for_a_learner(error, argument, language):
    """Whether an error was raised by the library itself, about the argument, in the language."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    assert last.startswith(LIBRARY), f"{type(error).__name__} from {last}: {error}"
    text = str(error)
    named = "output|x_logits|mu|logvar" if argument == "output" else argument  # the parts have names of their own
    assert re.search(named, text) or isinstance(error, OSError | FloatingPointError), text
    assert bool(KANA.search(re.sub(r"'.*'", "", text))) == (language == "ja") or argument == "language", text
    assert len(text) < 800
    return True


@pytest.mark.parametrize(("name", "argument"), CASES, ids=[".".join(case) for case in CASES])
@hypothesis.settings(
    deadline=None, max_examples=60, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
)
@hypothesis.given(value=anything, language=st.sampled_from(["ja", "en"]))
def test_anything_gets_a_result_or_an_error_for_a_learner(
    tmp_path, monkeypatch, capsys, name, argument, value, language
):
    monkeypatch.chdir(tmp_path)
    Path("run.pt").unlink(missing_ok=True)
    vae_edu.set_language(language)
    function, arguments = function_of(name), arguments_of(name)
    torch.set_grad_enabled(True)
    try:
        with warnings.catch_warnings(action="ignore"):  # of matplotlib, about letters that its font lacks
            function(**arguments | {argument: value})
    except Exception as error:
        assert is_for_a_learner(error, argument, language)
    assert not plt.get_fignums()  # or a notebook would show a half-drawn figure below the error


@hypothesis.settings(
    deadline=None, max_examples=300, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
)
@hypothesis.given(name=st.sampled_from(sorted(EXERCISES)), value=anything, language=st.sampled_from(["ja", "en"]))
def test_a_check_survives_a_function_that_returns_anything(name, value, language):
    vae_edu.set_language(language)
    sentence = diagnose(name, lambda *_: value)
    assert sentence and bool(KANA.search(sentence)) == (language == "ja"), sentence
