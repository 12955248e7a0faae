"""latent: grids, axes, interpolation and codes."""

import math
import re

import pytest
import safetensors.torch
import torch
from torch.distributions import Normal
from torch.utils.data import TensorDataset

import vae_edu
from vae_edu import ConvVAE, interpolate, latent_axis, latent_grid
from vae_edu.explorer import explorer_file


def test_the_linear_grid_reaches_both_ends():
    grid = latent_grid(limit=3.0, steps=20)
    assert grid.shape == (20, 20, 2)
    # torch.linspace gives its ends unrounded.
    assert grid[0, 0].tolist() == [-3, -3] and grid[-1, -1].tolist() == [3, 3]
    assert grid[0, -1].tolist() == [3, -3]  # z1 rises along the second index
    steps = latent_axis(3.0, 20).diff()
    assert torch.allclose(steps, steps[0].expand(19), rtol=1e-5)  # float32 near 3 is rounded by up to 1e-7


def test_each_quantile_stands_in_the_middle_of_an_equal_share_of_the_prior():
    prior = Normal(torch.tensor(0.0, dtype=torch.float64), 1.0)
    low, high = prior.cdf(torch.tensor([-3.0, 3.0])).tolist()
    share = (high - low) / 20
    expected = [low + (k + 0.5) * share for k in range(20)]
    axis = latent_axis(limit=3.0, steps=20, spacing="quantile")
    assert prior.cdf(axis.double()).tolist() == pytest.approx(expected, abs=1e-6)  # the axis is float32


def test_interpolate_is_straight():
    start, end = torch.tensor([-1.0, 2.0]), torch.tensor([3.0, -2.0])
    points = interpolate(start, end, steps=5)  # in quarters, which float32 does not round
    assert points.tolist() == [[-1, 2], [0, 1], [1, 0], [2, -1], [3, -2]]


def test_codes_are_those_of_the_encoder_in_order():
    model, digits = ConvVAE(latent_dim=3), TensorDataset(torch.rand(25, 1, 28, 28), torch.arange(25) % 10)
    codes = vae_edu.encode_dataset(model, digits, batch_size=10)
    mu, logvar = model.encode(digits.tensors[0])
    # In batches of another size float32 sums are rounded otherwise: by some 1e-7, for codes around 0.1.
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


LABELS = {
    "letters": torch.arange(26).repeat(4) + 1,
    "any whole numbers": torch.tensor([-7, 300, 9**9, 0] * 26),
    "more than a hundred": torch.arange(104) * 3,
    "none": None,
}


def file_of(codes):
    """What the explorer's file holds."""
    return safetensors.torch.load(explorer_file(ConvVAE(), codes))


@pytest.mark.parametrize("kind", LABELS)
def test_labels_may_be_any_whole_numbers_or_none(kind):
    labels = LABELS[kind]
    digits = TensorDataset(torch.rand(104, 1, 28, 28), *([] if labels is None else [labels]))
    codes = vae_edu.encode_dataset(ConvVAE(), digits)
    assert codes.labels is None if labels is None else torch.equal(codes.labels, labels)
    (ax,) = vae_edu.plot_latent_scatter(codes).axes
    found = [] if labels is None else labels.unique().tolist()
    assert [text.get_text() for text in ax.texts] == ([] if len(found) > 62 else [str(label) for label in found])
    colours = {tuple(colour) for colour in ax.collections[0].get_facecolors()}
    assert len(colours) == max(1, len(found))
    if kind in ("letters", "none"):
        assert torch.equal(file_of(codes)["labels"].long(), torch.full((104,), 255) if labels is None else labels)


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("labels", [LABELS["any whole numbers"], torch.arange(104) - 5, torch.arange(300)])
def test_labels_that_the_explorers_file_cannot_hold_are_numbered_by_the_messages_line(labels, lang):
    vae_edu.set_language(lang)
    codes = vae_edu.LatentCodes(*torch.randn(2, len(labels), 2), labels)
    with pytest.raises(ValueError, match=r"codes\.labels") as error:
        explorer_file(ConvVAE(), codes)
    space = {"codes": codes}
    exec(re.search(r"(codes = .*\))", str(error.value))[1], space)
    assert len(file_of(space["codes"])["labels"].unique()) == (1 if len(labels) == 300 else len(labels.unique()))


def test_nearest_distance_is_that_of_the_definition_in_any_number_of_parts():
    points, others = torch.randn(2500, 3), torch.randn(40, 3)
    expected = [min(math.dist(p, o) for o in others.tolist()) for p in points.tolist()]
    assert vae_edu.nearest_distance(points, others).tolist() == pytest.approx(expected, abs=1e-5)  # float32
    assert vae_edu.nearest_distance(10 * points, 10 * others).tolist() == pytest.approx(
        [10 * d for d in expected], abs=1e-4
    )
    assert vae_edu.nearest_distance(others, others).max() < 1e-3  # cdist squares: the root of a rounding error


def test_nearest_distance_names_points_of_other_spaces():
    with pytest.raises(ValueError, match="others"):
        vae_edu.nearest_distance(torch.randn(5, 2), torch.randn(5, 3))
