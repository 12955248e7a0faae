"""The latent space: where images lie in it, and regular points to decode."""

from typing import NamedTuple

import torch

from .arguments import (
    require_choice,
    require_count,
    require_latent,
    require_model,
    require_number,
    require_point,
    require_same_shape,
    wrong,
)
from .datasets import labels_of, tensors_of
from .language import tr
from .models import encoded


class LatentCodes(NamedTuple):
    """The posterior q(z|x) of every image of a data set, on the CPU."""

    mu: torch.Tensor  # (N, latent_dim)
    logvar: torch.Tensor  # (N, latent_dim)
    labels: torch.Tensor | None  # (N,) int64; None where the data set has none


@torch.no_grad()
def encode_dataset(model, dataset, *, batch_size=1000):
    """Encode every image of a data set of any kind (see train), with labels or without: LatentCodes, in its order.

    Raises:
        TypeError, ValueError: an argument of another kind, or out of range.
    """
    require_model(model, "encode")
    require_count("batch_size", batch_size)
    images, labels = tensors_of(dataset)
    labels = labels_of(labels, len(images))
    parts = [encoded(model, x) for x in images.split(batch_size)]
    mu, logvar = (torch.cat(part).cpu() for part in zip(*parts, strict=True))
    return LatentCodes(mu, logvar, labels)


def latent_grid(limit=3.0, steps=20, spacing="linear"):
    """A regular grid of points over [-limit, limit] in both latent dimensions.

    Args:
        limit: from 0.01 to 100.
        steps: points along each axis, from 2 to 1,000.
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
    require_number("limit", limit, 0.01, 100)
    require_count("steps", steps, at_least=2, at_most=1000)
    require_choice("spacing", spacing, ("linear", "quantile"))
    if spacing == "linear":
        return torch.linspace(-limit, limit, steps)
    centres = torch.linspace(-1, 1, 2 * steps + 1, dtype=torch.float64)[1::2]
    return torch.special.ndtri(
        0.5 + centres * (torch.special.ndtr(torch.tensor(limit, dtype=torch.float64)) - 0.5)
    ).float()


def interpolate(start, end, steps=10):
    """Points on the straight line from start to end, both (latent_dim,): (steps, latent_dim), ends included.

    Raises:
        TypeError, ValueError: start and end are no floating-point tensors of one such shape, or steps is out of range.
    """
    require_point("start", start)
    require_point("end", end)
    require_same_shape(start, end, "start", "end")
    require_count("steps", steps, at_most=1_000_000)
    weights = torch.linspace(0, 1, steps, device=start.device)[:, None]
    return torch.lerp(start, end, weights)


def nearest_distance(points, others):
    """The distance from each of the points (N, latent_dim) to the nearest of the others (M, latent_dim): (N,).

    Where it is larger than for nearly all codes of held-out images, no image of the data lies near: a hole.

    Raises:
        TypeError, ValueError: these are no floating-point tensors of such shapes.
    """
    require_latent(points, name="points")
    require_latent(others, points.shape[1], "others")
    parts = [torch.cdist(part, others).min(dim=1).values for part in points.split(1000)]
    return torch.cat(parts)


def require_codes(codes, latent_dim):
    """Raise TypeError or ValueError unless these are the LatentCodes of a model with latent_dim dimensions."""
    again = tr(
        ja="同じモデルで encode_dataset(model, digits) をやり直し、その戻り値を渡してください。",
        en="Pass what encode_dataset(model, digits) returns for this model.",
    )
    if not isinstance(codes, LatentCodes):
        raise wrong("codes", codes, tr(ja=" LatentCodes ", en="LatentCodes"), again, TypeError)
    require_latent(codes.mu, name="codes.mu")
    if codes.mu.shape[1] != latent_dim:
        shape = f"(N, {latent_dim})"
        raise wrong(tr(ja="codes.mu の形", en="codes.mu"), codes.mu, tr(ja=f" {shape} ", en=f"of shape {shape}"), again)
    _require_labels("codes.labels", codes.labels, len(codes.mu))


def _require_labels(name, labels, count):
    """Raise TypeError or ValueError unless these are `count` labels, int64, or None."""
    if labels is None:
        return
    if not (isinstance(labels, torch.Tensor) and labels.dtype == torch.int64 and labels.device.type != "meta"):
        raise wrong(
            name,
            labels,
            tr(ja=" int64 のテンソル", en="an int64 tensor"),
            tr(ja="labels.long() で変換してください。", en="Convert them with labels.long()."),
            TypeError,
        )
    if labels.shape != (count,):
        raise wrong(tr(ja=f"{name} の形", en=name), labels, tr(ja=f" ({count},) ", en=f"of shape ({count},)"))
