"""plotting: every function returns one Figure that shows what it says, with true axes."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

import vae_edu
from vae_edu import MLPVAE, ConvVAE, EpochRecord, LatentCodes, LossTerms, latent_axis


@pytest.fixture(scope="module")
def model():
    return vae_edu.load_pretrained()


@pytest.fixture(autouse=True)
def nothing_left_open():
    yield
    assert plt.get_fignums() == []  # a figure that pyplot still holds would be shown twice in a notebook


def test_images_and_titles():
    images = torch.rand(13, 1, 28, 28)
    fig = vae_edu.plot_images(images, titles=range(13), row_labels=["a", "b", "c"], columns=5)
    assert isinstance(fig, Figure) and len(fig.axes) == 15
    shown = [ax for ax in fig.axes if ax.images]
    assert len(shown) == 13 and [ax.get_title() for ax in shown] == [str(i) for i in range(13)]
    assert np.array_equal(shown[7].images[0].get_array(), images[7, 0])
    assert [fig.axes[i].texts[0].get_text() for i in (0, 5, 10)] == ["a", "b", "c"]
    assert shown[7].images[0].get_clim() == (0, 1)  # black is 0 and white is 1 in every image


def test_reconstructions_stand_below_their_images(model):
    images = vae_edu.one_of_each_digit(vae_edu.load_mnist("test"))
    fig = vae_edu.plot_reconstructions(model, images)
    with torch.no_grad():
        restored = model.decode(model.encode(images)[0])
    assert len(fig.axes) == 20
    assert np.array_equal(fig.axes[3].images[0].get_array(), images[3, 0])
    assert np.array_equal(fig.axes[13].images[0].get_array(), restored[3, 0])  # the same layers on the same images


@pytest.mark.parametrize("spacing", ["linear", "quantile"])
def test_every_image_of_the_map_stands_at_its_point(model, spacing):
    steps, limit = 7, 2.5
    fig = vae_edu.plot_latent_grid(model, limit=limit, steps=steps, spacing=spacing)
    (ax,) = fig.axes
    (picture,) = ax.images
    pixels = np.asarray(picture.get_array())
    assert pixels.shape == (7 * 28, 7 * 28)
    left, right, bottom, top = picture.get_extent()
    assert picture.origin == "upper" and top > bottom and right > left  # z2 up, z1 to the right
    axis = latent_axis(limit, steps, spacing)
    position = torch.special.ndtr if spacing == "quantile" else torch.clone
    for i, j in [(0, 0), (0, 6), (6, 0), (2, 5)]:
        z = torch.stack([axis[j], axis[i]])
        x, y = position(z).tolist()
        column = (x - left) / (right - left) * pixels.shape[1] - 14
        row = (top - y) / (top - bottom) * pixels.shape[0] - 14
        assert column == pytest.approx(round(column), abs=0.01) and row == pytest.approx(round(row), abs=0.01)
        tile = pixels[round(row) : round(row) + 28, round(column) : round(column) + 28]
        with torch.no_grad():
            # Alone it is rounded otherwise than among 49: float32 logits up to 20, some 1e-6 apart.
            assert np.allclose(tile, model.decode(z[None])[0, 0], atol=1e-5)
    for at, label in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True):
        assert at == pytest.approx(position(torch.tensor(float(label.get_text()))).item(), abs=1e-6)


def test_the_scatter_has_the_orientation_of_the_map():
    codes = LatentCodes(torch.tensor([[-2.0, 1.0], [1.5, -0.5]]), torch.zeros(2, 2), torch.tensor([4, 7]))
    (ax,) = vae_edu.plot_latent_scatter(codes).axes
    assert ax.collections[0].get_offsets().tolist() == [[-2, 1], [1.5, -0.5]]
    assert not ax.xaxis_inverted() and not ax.yaxis_inverted()
    assert {text.get_text(): text.get_position() for text in ax.texts} == {"4": (-2, 1), "7": (1.5, -0.5)}


def test_history_draws_both_curves_of_every_term():
    history = [EpochRecord(i, LossTerms(200 - i, 195 - i, 5), LossTerms(201 - i, 196 - i, 5), 1.0) for i in (1, 2, 3)]
    fig = vae_edu.plot_history(history)
    assert [len(ax.lines) for ax in fig.axes] == [2, 2, 2]
    assert fig.axes[1].lines[1].get_ydata().tolist() == [195, 194, 193]
    alone = vae_edu.plot_history([record._replace(test=None) for record in history])
    assert [len(ax.lines) for ax in alone.axes] == [1, 1, 1]


WRONG = {
    "history": (lambda: vae_edu.plot_history([]), ValueError, ["history"]),
    "map": (lambda: vae_edu.plot_latent_grid(ConvVAE(3)), ValueError, ["latent_dim"]),
    "scatter": (
        lambda: vae_edu.plot_latent_scatter(LatentCodes(*[torch.zeros(4, 3)] * 2, torch.zeros(4))),
        ValueError,
        ["3"],
    ),
    "another network": (lambda: vae_edu.plot_network(MLPVAE()), TypeError, ["model", "MLPVAE", "ConvVAE"]),
    "images": (lambda: vae_edu.plot_images(torch.rand(28, 28)), ValueError, ["images"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_named_in_the_learners_language(case, told):
    told(*WRONG[case])


@pytest.mark.parametrize("latent_dim", [2, 5])
def test_the_network_is_drawn_with_the_shapes_of_its_layers(latent_dim, monkeypatch):
    monkeypatch.setitem(plt.rcParams, "svg.fonttype", "none")  # text as text
    model = ConvVAE(latent_dim)
    svg = vae_edu.plot_network(model).data
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", svg)
    shapes = [text for text in texts if " × " in text]
    assert shapes == ["1 × 28 × 28", "32 × 14 × 14", "64 × 7 × 7", "64 × 7 × 7", "32 × 14 × 14", "1 × 28 × 28"]
    assert texts.count(str(latent_dim)) == 3  # mu, log sigma squared, z
    assert {"encoder", "decoder", "training", "generation"} <= set(texts)
    assert svg == vae_edu.plot_network(model).data  # the same bytes every time
