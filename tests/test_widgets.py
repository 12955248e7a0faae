"""widgets: set a value, see the image change."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

import vae_edu
from vae_edu import ConvVAE


def shown(box):
    """The picture of the widget as grey values (28, 28) in [0, 1]."""
    picture = np.asarray(Image.open(io.BytesIO(box.children[-1].value)))
    assert picture.shape == (224, 224)
    return picture[4::8, 4::8] / 255  # the middle of each of the 28 x 28 squares


LEVEL = 1 / 255  # of grey: a picture is rounded by half of one


@pytest.mark.parametrize("latent_dim", [1, 2, 5])
def test_moving_a_slider_draws_its_point(latent_dim):
    torch.manual_seed(0)
    model = vae_edu.load_pretrained() if latent_dim == 2 else ConvVAE(latent_dim)
    box = vae_edu.latent_sliders(model, limit=2.0)
    sliders = box.children[1:-1]
    assert len(sliders) == latent_dim and {(slider.min, slider.max) for slider in sliders} == {(-2.0, 2.0)}
    z = torch.zeros(1, latent_dim)
    for i, slider in enumerate(sliders):
        slider.value = z[0, i] = round(0.4 * i - 0.6, 2)
        with torch.no_grad():
            assert np.allclose(shown(box), model.decode(z)[0, 0], atol=LEVEL)


def test_the_caption_speaks_the_learners_language():
    model = ConvVAE()
    captions = []
    for language in ("ja", "en"):
        vae_edu.set_language(language)
        captions.append(vae_edu.latent_sliders(model).children[0].value)
    assert "スライダー" in captions[0] and "sliders" in captions[1]


def texts(widget):
    """Every text that a widget and those in it show."""
    found = (getattr(widget, name, "") for name in ("description", "value"))
    yield from (text for text in found if isinstance(text, str) and text)
    for child in getattr(widget, "children", ()):
        yield from texts(child)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_no_text_is_a_formula(language):
    """Colab and VS Code show $z_1$ as these five characters."""
    vae_edu.set_language(language)
    shown = list(texts(vae_edu.latent_sliders(ConvVAE(12))))
    assert shown[1:] == [f"z{name}" for name in "₁ ₂ ₃ ₄ ₅ ₆ ₇ ₈ ₉ ₁₀ ₁₁ ₁₂".split()]
    assert not any("$" in text or "\\(" in text for text in shown)


def test_the_picture_is_on_the_screen_before_any_move():
    model = vae_edu.load_pretrained()
    with torch.no_grad():
        assert np.allclose(shown(vae_edu.latent_sliders(model)), model.decode(torch.zeros(1, 2))[0, 0], atol=LEVEL)
