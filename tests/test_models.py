"""models: the original network, exactly; the reparameterization trick; and weights saved by the original."""

import pytest
import torch
from original_network import OriginalVAE
from torch.utils.flop_counter import FlopCounterMode

import vae_edu
from vae_edu import MLPVAE, ConvVAE, reparameterize

# Sums of at most 3,136 numbers around 1, in float64: another processor adds them in another order, 1e-13 apart at most.
ROUNDING = 1e-10

SHAPES = {
    "encoder.0.weight": (32, 1, 4, 4),
    "encoder.0.bias": (32,),
    "encoder.2.weight": (64, 32, 4, 4),
    "encoder.2.bias": (64,),
    "fc_mu.weight": (2, 3136),
    "fc_mu.bias": (2,),
    "fc_logvar.weight": (2, 3136),
    "fc_logvar.bias": (2,),
    "fc_z.weight": (3136, 2),
    "fc_z.bias": (3136,),
    "decoder.1.weight": (64, 32, 4, 4),
    "decoder.1.bias": (32,),
    "decoder.3.weight": (32, 1, 4, 4),
    "decoder.3.bias": (1,),
}


def test_layers_and_parameters():
    model = ConvVAE(latent_dim=2)
    assert {key: tuple(value.shape) for key, value in model.state_dict().items()} == SHAPES
    assert sum(parameter.numel() for parameter in model.parameters()) == 88_645
    assert sum(parameter.numel() for parameter in MLPVAE(latent_dim=2).parameters()) == 1_068_820


@pytest.mark.parametrize("network", [ConvVAE, MLPVAE])
@pytest.mark.parametrize("latent_dim", [1, 2, 3, 16])
@pytest.mark.parametrize("batch", [1, 7])
def test_shapes(network, latent_dim, batch):
    model, x = network(latent_dim), torch.rand(batch, 1, 28, 28)
    output = model(x)
    assert output.x_logits.shape == x.shape
    assert output.mu.shape == output.logvar.shape == output.z.shape == (batch, latent_dim)
    images = model.decode(output.z)
    assert images.shape == x.shape and 0 <= images.min() and images.max() <= 1
    assert torch.equal(images, output.x_logits.sigmoid())  # the same layers on the same z


def test_a_network_of_fully_connected_layers_is_written_out():
    torch.manual_seed(0)
    model, x = MLPVAE(latent_dim=3).double(), torch.rand(4, 1, 28, 28).double()
    weights = model.state_dict()

    def layer(name, h):
        return h @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def leaky(h):
        return torch.where(h > 0, h, 0.01 * h)

    h = leaky(layer("encoder.3", leaky(layer("encoder.1", x.flatten(1)))))
    h = leaky(layer("fc_z", layer("fc_mu", h)))
    logits = layer("decoder.3", leaky(layer("decoder.1", h)))
    assert torch.allclose(model.decode_logits(model.encode(x)[0]).flatten(1), logits, rtol=0, atol=ROUNDING)


def test_fully_connected_layers_take_a_quarter_of_the_work():
    work = []
    for network in (ConvVAE, MLPVAE):
        with FlopCounterMode(display=False) as counter:
            network()(torch.rand(1, 1, 28, 28)).x_logits.sum().backward()
        work.append(counter.get_total_flops())
    assert work[0] / work[1] == pytest.approx(4, rel=0.1)  # counted, not measured: 3.65 on every machine


@pytest.mark.parametrize("latent_dim", [2, 5])
def test_weights_of_the_original_notebook_give_the_same_images(latent_dim, tmp_path):
    torch.manual_seed(0)
    original = OriginalVAE(latent_dim)
    torch.save(original.state_dict(), tmp_path / "vae.pth")
    model = vae_edu.load(tmp_path / "vae.pth")
    x, z = torch.rand(8, 1, 28, 28), torch.randn(8, latent_dim)
    with torch.no_grad():  # the same layers on the same numbers: equal to the bit on every machine
        assert torch.equal(model.decode(z), original.decode(z))
        h = original.encoder(x)
        for ours, theirs in zip(model.encode(x), (original.fc_mu(h), original.fc_logvar(h)), strict=True):
            assert torch.equal(ours, theirs)


@pytest.mark.parametrize("network", [ConvVAE, MLPVAE])
def test_each_image_is_encoded_by_itself(network):
    model, x = network().double(), torch.rand(6, 1, 28, 28).double()
    mu, logvar = model.encode(x)
    for i in range(6):
        assert torch.allclose(model.encode(x[i : i + 1])[0], mu[i : i + 1], rtol=0, atol=ROUNDING)
        assert torch.allclose(model.encode(x[i : i + 1])[1], logvar[i : i + 1], rtol=0, atol=ROUNDING)


def test_reparameterize_draws_from_the_normal_distribution():
    torch.manual_seed(0)
    mu = torch.tensor([[-1.0, 2.0]]).expand(100_000, 2)
    logvar = torch.tensor([[0.5, -2.0]]).expand(100_000, 2)
    z = reparameterize(mu, logvar)
    std = (logvar[0] / 2).exp()
    # How far chance can go: 4 standard errors of the mean, and for the rest 4 or more of theirs.
    assert torch.allclose(z.mean(0), mu[0], atol=4 * std.max().item() / 100_000**0.5)
    assert torch.allclose(z.std(0), std, rtol=0.01)
    standard = ((z - mu[0]) / std).double()
    assert standard.pow(4).mean().item() == pytest.approx(3, abs=0.1)  # the normal's kurtosis; a uniform's is 1.8
    assert abs((standard[:, 0] * standard[:, 1]).mean().item()) < 0.02  # dimensions have their own noise
    assert abs((standard[1:, 0] * standard[:-1, 0]).mean().item()) < 0.02  # and so has each image


def test_reparameterize_passes_gradients_to_both():
    mu = torch.zeros(5, 2, dtype=torch.float64, requires_grad=True)
    logvar = torch.full((5, 2), 0.3, dtype=torch.float64, requires_grad=True)
    z = reparameterize(mu, logvar)
    z.sum().backward()
    assert torch.equal(mu.grad, torch.ones_like(mu))  # nothing is rounded
    assert torch.allclose(logvar.grad, (z / 2).detach())  # dz/dlogvar = eps * std / 2, and mu is 0; in float64


WRONG = {
    "latent_dim": (lambda: ConvVAE(latent_dim=0), ValueError, ["latent_dim", "0"]),
    "latent_dim of the other network": (lambda: MLPVAE(latent_dim=0), ValueError, ["latent_dim", "0"]),
    "latent_dim of another kind": (lambda: ConvVAE(latent_dim="2"), ValueError, ["latent_dim", "'2'"]),
    "images of 32x32": (lambda: ConvVAE()(torch.rand(2, 1, 32, 32)), ValueError, ["x", "(2, 1, 32, 32)"]),
    "images in 0..255": (lambda: ConvVAE()(torch.rand(2, 1, 28, 28) * 255), ValueError, ["x", "255"]),
    "a single point": (lambda: ConvVAE().decode(torch.zeros(2)), ValueError, ["z", "(2,)", "(B, 2)"]),
    "another dimension": (lambda: ConvVAE().decode(torch.zeros(1, 3)), ValueError, ["z", "(1, 3)", "(B, 2)"]),
    "a list": (lambda: ConvVAE().decode([0.0, 0.0]), TypeError, ["z", "list"]),
    "other shapes": (lambda: reparameterize(torch.zeros(2, 2), torch.zeros(2, 3)), ValueError, ["mu", "(2, 3)"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_named_in_the_learners_language(case, told):
    told(*WRONG[case])
