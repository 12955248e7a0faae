"""Live controls for notebooks, of core ipywidgets only: they work in Jupyter and in Colab."""

import io

import ipywidgets
import torch
from PIL import Image

from .arguments import require_count, require_model, require_number
from .language import tr
from .models import decoded

LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")  # Colab and VS Code show a formula between dollars as it is


def latent_sliders(model, *, limit=3.0, size=224):
    """One slider for each latent dimension, and the image that the model decodes from their values.

    Args:
        model: a ConvVAE of any latent_dim.
        limit: the sliders go from -limit to limit.
        size: side of the shown image in pixels.

    Returns:
        ipywidgets.VBox whose children are a caption, the sliders and the image.

    Raises:
        TypeError, ValueError: an argument of another kind, or out of range.
    """
    require_model(model, "decode", "latent_dim")
    require_number("limit", limit, 0.01, 100)
    require_count("size", size, at_most=2000)
    sliders = [
        ipywidgets.FloatSlider(
            0, min=-limit, max=limit, step=0.05, description=f"z{i}".translate(LOWERED), readout_format=".2f"
        )
        for i in range(1, model.latent_dim + 1)
    ]
    image = ipywidgets.Image(format="png", width=size, height=size)

    def draw(_change=None):
        z = torch.tensor([[slider.value for slider in sliders]])
        with torch.no_grad():
            image.value = png(decoded(model, z)[0, 0], size)

    for slider in sliders:
        slider.observe(draw, names="value")
    draw()
    caption = tr(
        ja="スライダーで点 <i>z</i> を動かすと、デコーダがその点の画像を描きます。",
        en="Move the point <i>z</i> with the sliders: the decoder draws its image.",
    )
    return ipywidgets.VBox([ipywidgets.HTML(caption), *sliders, image])


def png(image, size):
    """An image (28, 28) in [0, 1] as the bytes of a PNG with `size` pixels a side."""
    grey = (image.cpu() * 255).round().to(torch.uint8).numpy()
    buffer = io.BytesIO()
    Image.fromarray(grey).resize((size, size), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()
