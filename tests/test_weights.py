"""weights: what people bring as weights is read, or named with a cure that works."""

import io
import pickle
import re
import zipfile

import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import vae_edu
from vae_edu import MLPVAE, ConvVAE
from vae_edu.saving import packed
from vae_edu.weights import pack, unpack


def zipped(name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, b"content")
    return buffer.getvalue()


def prefixed(prefix):
    return lambda state: {prefix + name: weight for name, weight in state.items()}


# What training programs write, from a state dict.
BROUGHT = {
    "a state dict": dict,
    "of DataParallel": prefixed("module."),
    "of torch.compile": prefixed("_orig_mod."),
    "of both": prefixed("_orig_mod.module."),
    "of a trainer's attribute": prefixed("model."),
    "under state_dict": lambda state: {"epoch": 3, "state_dict": state},
    "under model_state_dict": lambda state: {
        "epoch": 3,
        "model_state_dict": state,
        "optimizer_state_dict": {"state": {}},
    },
    "under a name of its own": lambda state: {"loss": 150.0, "vae": {"net": prefixed("module.")(state)}},
    "with 16 bits": lambda state: {name: weight.half() for name, weight in state.items()},
    "as parameters": lambda state: {name: nn.Parameter(weight) for name, weight in state.items()},
}


@pytest.mark.parametrize("network", [ConvVAE, MLPVAE])
@pytest.mark.parametrize("brought", BROUGHT)
def test_weights_are_found_wherever_they_are(network, brought, tmp_path):
    state = network(latent_dim=3).state_dict()
    torch.save(BROUGHT[brought](state), tmp_path / "weights.pt")
    loaded = vae_edu.load(tmp_path / "weights.pt")
    assert type(loaded) is network and not loaded.training
    for name, weight in loaded.state_dict().items():
        assert torch.equal(weight, state[name].half().float() if brought == "with 16 bits" else state[name]), name


@pytest.mark.parametrize("network", [ConvVAE, MLPVAE])
def test_an_explorers_file_goes_both_ways(network, tmp_path):
    model = network(latent_dim=2)
    vae_edu.export_explorer(model, tmp_path / "my_vae.safetensors")
    loaded = vae_edu.load(tmp_path / "my_vae.safetensors")
    z = torch.randn(3, 2)
    assert type(loaded) is network and torch.equal(loaded.decode(z), model.decode(z))
    vae_edu.export_explorer(loaded, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "my_vae.safetensors").read_bytes()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_safetensors_are_those_of_the_format_s_own_library(dtype):
    tensors = {
        "a": torch.randn(2, 3).to(dtype),
        "b.weight": torch.randn(()).to(dtype),
        "labels": torch.arange(5).byte(),
    }
    for reader, content in [
        (unpack, safetensors.torch.save(tensors)),
        (safetensors.torch.load, pack(tensors, format="x")),
    ]:
        read = reader(content)
        assert read.keys() == tensors.keys() and all(torch.equal(read[name], tensors[name]) for name in tensors)


def state_with(**changes):
    return ConvVAE().state_dict() | changes


class Deep(nn.Module):
    """Somebody else's VAE with the same names and one more layer."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 400), nn.ReLU())
        self.fc_mu, self.fc_logvar = nn.Linear(400, 20), nn.Linear(400, 20)
        self.decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784))


# A file's content, and what its message names in each language.
REFUSED = {
    "a whole model": (pickle.dumps(ConvVAE()), ["state_dict()"], "Python オブジェクト", "whole model"),
    "a whole model, zipped": (packed(ConvVAE()), ["state_dict()"], "Python オブジェクト", "whole model"),
    "a web page": (b"<!DOCTYPE html><html><title>model.pt</title>", [], "ウェブページ", "web page"),
    "a page without doctype": (b"\n  <HTML><body>404", [], "ウェブページ", "web page"),
    "a pointer of Git LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid",
        ["git lfs pull"],
        "Git LFS",
        "Git LFS",
    ),
    "a zip of something else": (zipped("photo.png"), [], "別の zip", "zip of something else"),
    "an empty file": (b"", [], "空です", "empty"),
    "half a file": (packed(ConvVAE().state_dict())[:5000], [], "途中で切れた", "cut off"),
    "half a safetensors file": (pack(ConvVAE().state_dict())[:5000], [], "途中で切れた", "cut off"),
    "a text": (b"no weights at all", [], "別の種類", "another kind"),
    "another VAE": (
        packed(Deep().state_dict()),
        ["encoder.1.weight", "(400, 784)", "(512, 784)"],
        "層が違います",
        "differ",
    ),
    "a missing layer": (
        packed({name: w for name, w in state_with().items() if "logvar" not in name}),
        ["fc_logvar.weight"],
        "がない",
        "is missing",
    ),
    "a layer too many": (packed(state_with(extra=torch.ones(1))), ["extra"], "余分", "not expected"),
    "a number for a layer": (packed(state_with(**{"fc_mu.bias": 1.0})), ["fc_mu.bias"], "層が違います", "differ"),
    "another network": (
        packed(nn.Linear(2, 2).state_dict()),
        ["weight", "bias"],
        "別のネットワーク",
        "another network",
    ),
    "a tensor": (packed(torch.ones(3)), ["Tensor", "state_dict()"], "重みではなく", "no weights"),
    "a list": (packed([1, 2]), ["list"], "重みではなく", "no weights"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_holds_no_weights_is_told_apart(case, tmp_path, told):
    content, words, ja, en = REFUSED[case]
    (tmp_path / "brought.pt").write_bytes(content)
    told(lambda: vae_edu.load(tmp_path / "brought.pt"), ValueError, ["brought.pt", *words])
    for lang, word in {"ja": ja, "en": en}.items():
        vae_edu.set_language(lang)
        with pytest.raises(ValueError, match=re.escape(word)):
            vae_edu.load(tmp_path / "brought.pt")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    content=st.binary(max_size=300)
    | st.sampled_from([b"\x80\x02", b"PK\x03\x04", b"\x08" + 7 * b"\0" + b"{"]).flatmap(
        lambda head: st.binary(max_size=100).map(lambda rest: head + rest)
    )
)
def test_any_bytes_get_a_sentence(content, tmp_path):
    (tmp_path / "brought.pt").write_bytes(content)
    with pytest.raises(ValueError, match="no weights of a ConvVAE"):
        vae_edu.load(tmp_path / "brought.pt")


def test_a_folder_is_no_file(tmp_path, told):
    told(lambda: vae_edu.load(tmp_path), ValueError, [tmp_path.name])


class Plain(ConvVAE):
    """A student's subclass."""


def compiled(model):
    return torch.compile(model, backend="eager")


@pytest.mark.parametrize(
    "wrap", [nn.DataParallel, compiled, lambda model: compiled(nn.DataParallel(model)), lambda model: model]
)
@pytest.mark.parametrize("network", [Plain, MLPVAE])
def test_what_is_saved_loads(network, wrap, tmp_path):
    model = network(latent_dim=2)
    vae_edu.save(wrap(model), tmp_path / "model.pt")
    z = torch.randn(3, 2)
    assert torch.equal(vae_edu.load(tmp_path / "model.pt").decode(z), model.decode(z))


def test_what_load_would_refuse_is_not_saved(tmp_path, told):
    path = tmp_path / "model.pt"
    told(lambda: vae_edu.save(Deep(), path), TypeError, ["model", "torch.save(model.state_dict(), path)"])
    assert not path.exists()
