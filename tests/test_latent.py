"""latent: grids, axes, interpolation and codes."""

import pytest
import torch
from torch.distributions import Normal
from torch.utils.data import TensorDataset

import vae_edu
from vae_edu import ConvVAE, interpolate, latent_axis, latent_grid


def test_the_linear_grid_reaches_both_ends():
    grid = latent_grid(limit=3.0, steps=20)
    assert grid.shape == (20, 20, 2)
    assert grid[0, 0].tolist() == [-3, -3] and grid[-1, -1].tolist() == [3, 3]
    assert grid[0, -1].tolist() == [3, -3]  # z1 rises along the second index
    steps = latent_axis(3.0, 20).diff()
    assert torch.allclose(steps, steps[0].expand(19))


def test_each_quantile_stands_in_the_middle_of_an_equal_share_of_the_prior():
    prior = Normal(torch.tensor(0.0, dtype=torch.float64), 1.0)
    low, high = prior.cdf(torch.tensor([-3.0, 3.0])).tolist()
    share = (high - low) / 20
    expected = [low + (k + 0.5) * share for k in range(20)]
    axis = latent_axis(limit=3.0, steps=20, spacing="quantile")
    assert prior.cdf(axis.double()).tolist() == pytest.approx(expected, abs=1e-6)


def test_interpolate_is_straight():
    start, end = torch.tensor([-1.0, 2.0]), torch.tensor([3.0, -2.0])
    points = interpolate(start, end, steps=5)
    assert points.tolist() == [[-1, 2], [0, 1], [1, 0], [2, -1], [3, -2]]


def test_codes_are_those_of_the_encoder_in_order():
    model, digits = ConvVAE(latent_dim=3), TensorDataset(torch.rand(25, 1, 28, 28), torch.arange(25) % 10)
    codes = vae_edu.encode_dataset(model, digits, batch_size=10)
    mu, logvar = model.encode(digits.tensors[0])
    assert torch.allclose(codes.mu, mu, atol=1e-5) and torch.allclose(codes.logvar, logvar, atol=1e-5)
    assert torch.equal(codes.labels, digits.tensors[1]) and not codes.mu.requires_grad


WRONG = {
    "steps": (lambda: latent_grid(steps=1), ValueError, ["steps", "1 (int)"]),
    "limit": (lambda: latent_grid(limit=-3), ValueError, ["limit", "-3 (int)"]),
    "spacing": (lambda: latent_grid(spacing="log"), ValueError, ["spacing", "'log'", "'quantile'"]),
    "ends": (lambda: interpolate(torch.zeros(2), torch.zeros(3)), ValueError, ["start", "end", "(2,)", "(3,)"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_named_in_the_learners_language(case, told):
    told(*WRONG[case])
