"""The VAE's loss in nats per image: reconstruction and KL divergence, together and apart."""

from typing import NamedTuple

import torch
import torch.nn.functional as F

from .arguments import require_latent, require_number, require_parts, require_same_shape
from .images import require_images


class LossTerms(NamedTuple):
    """The loss and its two parts in nats per image; tensors while training, floats in a history."""

    total: torch.Tensor | float
    reconstruction: torch.Tensor | float
    kl: torch.Tensor | float


def reconstruction_loss(x_logits, x):
    """Bernoulli negative log-likelihood -log p(x|z): summed over pixels, mean over the batch, in nats per image.

    Args:
        x_logits: (B, 1, 28, 28) logits of the decoder, before the sigmoid.
        x: (B, 1, 28, 28) images in [0, 1].

    Raises:
        TypeError, ValueError: x is no batch of images, or the shapes differ.
    """
    require_images(x)
    require_same_shape(x_logits, x, "x_logits", "x")
    pixels = F.binary_cross_entropy_with_logits(x_logits, x, reduction="none")
    return pixels.flatten(1).sum(dim=1).mean()


def kl_divergence(mu, logvar):
    """KL(N(mu, exp(logvar)) || N(0, 1)): summed over latent dimensions, mean over the batch, in nats per image.

    Closed form of Kingma and Welling (2014), appendix B.

    Args:
        mu, logvar: (B, latent_dim).

    Raises:
        TypeError, ValueError: these are no floating-point tensors of one shape (B, latent_dim).
    """
    require_latent(mu, name="mu")
    require_same_shape(mu, logvar)
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=1).mean()


def vae_loss(output, x, beta=1.0):
    """The negative ELBO, reconstruction + beta * KL, as LossTerms in nats per image.

    Args:
        output: VAEOutput of the model for x.
        x: (B, 1, 28, 28) images in [0, 1].
        beta: weight of the KL divergence; 1 gives the bound on -log p(x), other values the beta-VAE of Higgins et al.
            (2017).

    Raises:
        TypeError, ValueError: output is none of a model, x no batch of images of its shape, or beta below 0.
    """
    require_parts("output", output, ("x_logits", "mu", "logvar"), "VAEOutput", "model(x)")
    require_number("beta", beta)
    reconstruction = reconstruction_loss(output.x_logits, x)
    kl = kl_divergence(output.mu, output.logvar)
    return LossTerms(reconstruction + beta * kl, reconstruction, kl)
