"""The latent space: where images lie in it, and regular points to decode."""

from typing import NamedTuple

import torch

from .data import require_count, require_dataset
from .language import tr
from .models import device_of, require_same_shape


class LatentCodes(NamedTuple):
    """The posterior q(z|x) of every image of a data set, on the CPU."""

    mu: torch.Tensor  # (N, latent_dim)
    logvar: torch.Tensor  # (N, latent_dim)
    labels: torch.Tensor  # (N,) int64


@torch.no_grad()
def encode_dataset(model, dataset, *, batch_size=1000):
    """Encode every image of a TensorDataset: LatentCodes, in the data set's order."""
    images = require_dataset(dataset)
    parts = [model.encode(x.to(device_of(model))) for x in images.split(batch_size)]
    mu, logvar = (torch.cat(part).cpu() for part in zip(*parts, strict=True))
    return LatentCodes(mu, logvar, dataset.tensors[1])


def latent_grid(limit=3.0, steps=20, spacing="linear"):
    """A regular grid of points over [-limit, limit] in both latent dimensions.

    Args:
        steps: points along each axis, at least 2.
        spacing: "linear", equal distances, ends included; or "quantile", the centres of cells that have equal
            probabilities under the prior N(0, 1), so that every image of a map stands for the same share of what the
            prior generates between -limit and limit.

    Returns:
        (steps, steps, 2): point [i, j] is (z1, z2) with z1 rising along j and z2 rising along i.

    Raises:
        ValueError: an argument out of range.
    """
    axis = latent_axis(limit, steps, spacing)
    z2, z1 = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([z1, z2], dim=-1)


def latent_axis(limit=3.0, steps=20, spacing="linear"):
    """The (steps,) values that latent_grid takes along each axis."""
    require_count("steps", steps)
    if steps < 2 or not limit > 0 or spacing not in ("linear", "quantile"):
        raise ValueError(
            tr(
                ja='steps は 2 以上、limit は正の数、spacing は "linear" か "quantile" でなければなりませんが、'
                f"steps={steps}, limit={limit}, spacing={spacing!r} が渡されました。",
                en='steps must be at least 2, limit positive and spacing "linear" or "quantile", '
                f"but steps={steps}, limit={limit}, spacing={spacing!r} were given.",
            )
        )
    if spacing == "linear":
        return torch.linspace(-limit, limit, steps)
    centres = torch.linspace(-1, 1, 2 * steps + 1, dtype=torch.float64)[1::2]
    return torch.special.ndtri(
        0.5 + centres * (torch.special.ndtr(torch.tensor(limit, dtype=torch.float64)) - 0.5)
    ).float()


def interpolate(start, end, steps=10):
    """Points on the straight line from start to end, both (latent_dim,): (steps, latent_dim), ends included.

    Raises:
        ValueError: start and end have different shapes, or steps is below 1.
    """
    require_same_shape(start, end, "start", "end")
    require_count("steps", steps)
    weights = torch.linspace(0, 1, steps, device=start.device)[:, None]
    return torch.lerp(start, end, weights)
