"""The loss on held-out images."""

import contextlib

import torch

from .arguments import require_count, require_model
from .datasets import images_of
from .losses import LossTerms, vae_loss
from .models import device_of


def evaluate(model, dataset, *, batch_size=1000, beta=1.0, seed=0):
    """LossTerms over a whole data set, as floats, in nats per image: a one-sample estimate of the negative ELBO.

    The latent noise is seeded, so the same model and data give the same numbers, and the random numbers of a
    training run are left as they were.

    Raises:
        TypeError, ValueError: an argument of another kind, or out of range.
    """
    require_model(model, "encode", "decode")
    require_count("batch_size", batch_size)
    require_count("seed", seed, at_least=0)
    return mean_terms(model, images_of(dataset), batch_size, beta, seed)


@torch.no_grad()
def mean_terms(model, images, batch_size=1000, beta=1.0, seed=0):
    """The same over images (N, 1, 28, 28)."""
    images = images.to(device_of(model))
    model.eval()
    with _seeded(seed, images.device):
        sums = [torch.stack(vae_loss(model(x), x, beta)) * len(x) for x in images.split(batch_size)]
    total = torch.stack(sums).cpu().double().sum(0)  # on the CPU, because an Apple GPU has no float64
    return LossTerms(*(total / len(images)).tolist())


@contextlib.contextmanager
def _seeded(seed, device):
    """Random numbers of the CPU and of one device that start from a seed; then they go on as if none had been drawn."""
    gpus = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(gpus, device_type=device.type if gpus else "cuda"):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the other devices too, for good
        for gpu in gpus:
            torch.get_device_module(gpu).set_rng_state(torch.Generator(gpu).manual_seed(seed).get_state(), gpu)
        yield
