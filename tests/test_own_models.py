"""A student's own class, or a model in other surroundings, wherever the library decodes or encodes with it."""

import pytest
import torch
from torch import nn

import vae_edu
from vae_edu import ConvVAE

SHOWS = {
    "plot_reconstructions": lambda model: vae_edu.plot_reconstructions(
        model, vae_edu.load_mnist("test").tensors[0][:3]
    ),
    "plot_latent_grid": lambda model: vae_edu.plot_latent_grid(model, steps=3),
    "latent_sliders": vae_edu.latent_sliders,
    "latent_explorer": vae_edu.latent_explorer,
    "encode_dataset": lambda model: vae_edu.encode_dataset(model, vae_edu.load_mnist("test")),
}
DECODING = ["plot_reconstructions", "plot_latent_grid", "latent_sliders"]
ENCODING = ["plot_reconstructions", "encode_dataset"]


class Flat(ConvVAE):
    def decode(self, z):
        return super().decode(z).flatten(1)


class Logits(ConvVAE):
    def decode(self, z):
        return self.decode_logits(z)


class Both(ConvVAE):
    def decode(self, z):
        logits = self.decode_logits(z)
        return logits, torch.sigmoid(logits)


class Three(ConvVAE):
    def encode(self, x):
        mu, logvar = super().encode(x)
        return mu, logvar, vae_edu.reparameterize(mu, logvar)


class Single(ConvVAE):
    def encode(self, x):
        return super().encode(x)[0]


class Nameless(nn.Module):
    """It has what ConvVAE has, but does not say how many latent dimensions."""

    def __init__(self):
        super().__init__()
        self.inner = ConvVAE(latent_dim=2)
        self.encode, self.decode = self.inner.encode, self.inner.decode


# The class, what shows it, the error, and words of its message.
CASES = [
    *[(Flat, show, ValueError, ["model.decode", "784", "x.view(-1, 1, 28, 28)"]) for show in DECODING],
    *[(Logits, show, ValueError, ["model.decode", "torch.sigmoid"]) for show in DECODING],
    *[(Both, show, ValueError, ["model.decode", "tuple"]) for show in DECODING],
    *[(Three, show, ValueError, ["model.encode", "return mu, logvar"]) for show in ENCODING],
    *[(Single, show, ValueError, ["model.encode", "return mu, logvar"]) for show in ENCODING],
    *[(Nameless, show, TypeError, ["model", "latent_dim"]) for show in DECODING[1:]],
]


@pytest.mark.parametrize(("network", "show", "kind", "words"), CASES)
def test_what_a_class_of_ones_own_lacks_is_said(network, show, kind, words, told):
    torch.manual_seed(0)
    told(lambda: SHOWS[show](network()), kind, words)


@pytest.mark.parametrize("network", [Flat, Logits, Both, Three, Single])
def test_the_browser_is_given_only_what_it_can_compute(network, told):
    told(lambda: vae_edu.latent_explorer(network()), (TypeError, ValueError), ["model"])


def test_the_cures_work():
    """What the messages say to write at the end of decode and encode."""

    class Cured(Three):
        def encode(self, x):
            mu, logvar, _ = super().encode(x)
            return mu, logvar

        def decode(self, z):
            x = self.decode_logits(z).flatten(1)
            return torch.sigmoid(x.view(-1, 1, 28, 28))

    for show in SHOWS.values():
        show(Cured())


@pytest.mark.parametrize("show", ["plot_reconstructions", "plot_latent_grid", "plot_latent_scatter"])
def test_a_model_in_dataparallel_is_sent_back(show, told):
    shows = SHOWS | {"plot_latent_scatter": SHOWS["encode_dataset"]}
    told(lambda: shows[show](nn.DataParallel(ConvVAE())), TypeError, ["model.module"])
    shows[show](nn.DataParallel(ConvVAE()).module)


@pytest.mark.parametrize("show", SHOWS)
def test_a_compiled_model_is_shown(show):
    SHOWS[show](torch.compile(ConvVAE(), backend="eager"))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("show", SHOWS)
def test_everything_is_shown_under_autocast(show, dtype):
    with torch.autocast("cpu", dtype):
        shown = SHOWS[show](ConvVAE())
    if isinstance(shown, vae_edu.LatentCodes):
        assert shown.mu.dtype == shown.logvar.dtype == torch.float32


def test_a_model_that_diverged_is_told_from_logits(told):
    model = ConvVAE()
    nn.init.constant_(model.fc_z.bias, float("nan"))
    told(lambda: vae_edu.plot_latent_grid(model, steps=3), ValueError, ["learning_rate", "nan"])
