"""losses: equal to torch.distributions, finite at extremes, in nats per image."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal
from torch.distributions import kl_divergence as kl_of

from vae_edu import VAEOutput, kl_divergence, reconstruction_loss, vae_loss

# In float64, in which processors that add in another order are 1e-14 apart, and a mistake is not.
TIGHT = {"rel": 1e-12}


def batch(latent_dim=2, size=16, seed=0):
    """A model's output and the images, all in float64."""
    torch.manual_seed(seed)
    x = torch.rand(size, 1, 28, 28)
    x_logits, mu = 3 * torch.randn(size, 1, 28, 28), 2 * torch.randn(size, latent_dim)
    return VAEOutput(x_logits.double(), mu.double(), torch.randn(size, latent_dim).double(), None), x.double()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("grey", [True, False])
def test_reconstruction_equals_torch_distributions(seed, grey):
    output, x = batch(seed=seed)
    x = x if grey else x.round()
    log_likelihood = Bernoulli(logits=output.x_logits, validate_args=False).log_prob(x)
    expected = -log_likelihood.sum(dim=(1, 2, 3)).mean()
    assert reconstruction_loss(output.x_logits, x).item() == pytest.approx(expected.item(), **TIGHT)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("latent_dim", [1, 2, 16])
def test_kl_equals_torch_distributions(seed, latent_dim):
    output, _ = batch(latent_dim, seed=seed)
    q = Normal(output.mu, (output.logvar / 2).exp())
    expected = kl_of(q, Normal(0.0, 1.0)).sum(dim=1).mean()
    assert kl_divergence(output.mu, output.logvar).item() == pytest.approx(expected.item(), **TIGHT)


def test_kl_by_hand():
    assert kl_divergence(torch.zeros(1, 2), torch.zeros(1, 2)).item() == 0
    assert kl_divergence(torch.ones(1, 2), torch.zeros(1, 2)).item() == pytest.approx(1)  # 1/2 for each dimension
    logvar = torch.tensor([[math.log(4.0)]], dtype=torch.float64)  # sigma = 2
    assert kl_divergence(torch.zeros_like(logvar), logvar).item() == pytest.approx(0.5 * (4 - 1 - math.log(4)), **TIGHT)


def test_an_undecided_decoder_costs_ln2_per_pixel():
    _, x = batch()
    assert reconstruction_loss(torch.zeros_like(x), x).item() == pytest.approx(784 * math.log(2), **TIGHT)


def test_means_over_the_batch_sums_over_dimensions():
    output, x = batch()
    twice = VAEOutput(*(torch.cat([part, part]) for part in output[:3]), None)
    for one, other in zip(vae_loss(output, x), vae_loss(twice, torch.cat([x, x])), strict=True):
        assert other.item() == pytest.approx(one.item(), **TIGHT)  # a repeated batch changes no mean
    doubled = kl_divergence(output.mu.repeat(1, 2), output.logvar.repeat(1, 2))
    assert doubled.item() == pytest.approx(2 * kl_divergence(output.mu, output.logvar).item(), **TIGHT)


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_total_weighs_the_kl(beta):
    output, x = batch()
    terms = vae_loss(output, x, beta=beta)
    assert terms.total.item() == pytest.approx((terms.reconstruction + beta * terms.kl).item(), **TIGHT)


def test_gradients_equal_finite_differences():
    output, x = batch(size=2)
    mu, logvar = (part.requires_grad_() for part in (output.mu, output.logvar))
    assert torch.autograd.gradcheck(kl_divergence, (mu, logvar))
    x_logits = output.x_logits[:1].requires_grad_()
    assert torch.autograd.gradcheck(lambda logits: reconstruction_loss(logits, x[:1]), (x_logits,))


@pytest.mark.parametrize("logit", [-100.0, 100.0])
@pytest.mark.parametrize("logvar", [-20.0, 20.0])
def test_extremes_stay_finite(logit, logvar):
    x = torch.rand(3, 1, 28, 28)
    parts = [torch.full_like(x, logit), torch.zeros(3, 2), torch.full((3, 2), logvar)]
    parts = [part.requires_grad_() for part in parts]
    terms = vae_loss(VAEOutput(*parts, None), x)
    terms.total.backward()
    assert all(term.isfinite() for term in terms)
    assert all(part.grad.isfinite().all() for part in parts)


X = torch.ones(4, 1, 28, 28) * torch.linspace(0, 1, 28)
WRONG = {
    "other shapes": (lambda: reconstruction_loss(X[:2], X), ValueError, ["x_logits", "(2, 1, 28, 28)"]),
    "arguments swapped": (lambda: reconstruction_loss(X, 5 * X - 3), ValueError, ["x", "-3"]),
    "images in 0..255": (lambda: reconstruction_loss(X, X * 255), ValueError, ["x", "255"]),
    "mu and logvar": (lambda: kl_divergence(X[:, 0, 0], X[:, 0, 0, :2]), ValueError, ["mu", "logvar", "(4, 2)"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_named_in_the_learners_language(case, told):
    told(*WRONG[case])
