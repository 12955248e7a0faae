"""A second data set of MNIST's size, made without a network: printed letters, turned, slanted, scaled and moved at random."""

import math
from pathlib import Path

import matplotlib
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont

FONTS = ("DejaVuSans*[!y].ttf", "DejaVuSerif*[!y].ttf", "STIXGeneral*.ttf", "cm[brt]*10.ttf", "cmss10.ttf")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
COUNT = {"train": 60_000, "test": 10_000}


def letters(split):
    """Images (N, 28, 28) uint8 and labels (N,), as torchvision's MNIST holds them."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    fonts = [ImageFont.truetype(path, 24) for pattern in FONTS for path in sorted(folder.glob(pattern))]
    glyphs = torch.stack([drawn(letter, font) for font in fonts for letter in LETTERS])
    count, random = COUNT[split], torch.Generator().manual_seed(list(COUNT).index(split))
    chosen = torch.randint(len(glyphs), (count,), generator=random)
    angle, slant, size, x, y = torch.rand(5, count, generator=random) * 2 - 1
    angle, size = angle * math.pi / 12, 1.15 + 0.15 * size
    cos, sin = size * angle.cos(), size * angle.sin()
    turns = torch.stack([cos, 0.3 * slant - sin, 0.1 * x, sin, cos, 0.1 * y], dim=1).view(-1, 2, 3)
    parts = [
        F.grid_sample(glyphs[c], F.affine_grid(t, (len(c), 1, 28, 28), align_corners=False), align_corners=False)
        for c, t in zip(chosen.split(5000), turns.split(5000), strict=True)
    ]
    return (torch.cat(parts)[:, 0] * 255).round().to(torch.uint8), chosen % len(LETTERS)


def drawn(letter, font):
    """A letter in white on black, its box centred: (1, 28, 28)."""
    picture = Image.new("L", (28, 28))
    ImageDraw.Draw(picture).text((14, 14), letter, fill=255, font=font, anchor="mm")
    return torch.from_numpy(np.asarray(picture, np.float32) / 255)[None]
