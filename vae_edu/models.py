"""The variational autoencoder: encoder, reparameterization, decoder; of convolutions, or of fully connected layers."""

from typing import NamedTuple

import torch
from torch import nn

from .arguments import require_count, require_latent, require_like, require_same_shape
from .images import require_images


class VAEOutput(NamedTuple):
    """What a model returns for a batch of B images."""

    x_logits: torch.Tensor  # (B, 1, 28, 28) reconstruction before the sigmoid
    mu: torch.Tensor  # (B, latent_dim)
    logvar: torch.Tensor  # (B, latent_dim) log sigma squared
    z: torch.Tensor  # (B, latent_dim) one sample of N(mu, sigma^2)


def reparameterize(mu, logvar):
    """Draw z ~ N(mu, exp(logvar)) such that gradients reach mu and logvar (Kingma and Welling 2014, section 2.4).

    Args:
        mu, logvar: tensors of one shape, usually (B, latent_dim).

    Returns:
        z of the same shape, with fresh noise for every element.

    Raises:
        TypeError, ValueError: mu and logvar are no floating-point tensors of one shape.
    """
    require_same_shape(mu, logvar)
    std = torch.exp(0.5 * logvar)
    eps = torch.randn_like(std)
    return mu + eps * std


class ConvVAE(nn.Module):
    """A VAE of images (B, 1, 28, 28) with two convolutions each way; 88,645 parameters at latent_dim=2.

    Raises:
        ValueError: latent_dim is not a whole number from 1 to 1,000.
    """

    def __init__(self, latent_dim=2):
        super().__init__()
        require_count("latent_dim", latent_dim, at_most=1000)
        self.latent_dim = latent_dim
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 32, kernel_size=4, stride=2, padding=1), nn.ReLU(),  # 28 -> 14
            nn.Conv2d(32, 64, kernel_size=4, stride=2, padding=1), nn.ReLU(),  # 14 -> 7
            nn.Flatten(),  # 64 * 7 * 7 = 3136
        )  # fmt: skip
        self.fc_mu = nn.Linear(3136, latent_dim)
        self.fc_logvar = nn.Linear(3136, latent_dim)
        self.fc_z = nn.Linear(latent_dim, 3136)
        self.decoder = nn.Sequential(
            nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 32, kernel_size=4, stride=2, padding=1), nn.ReLU(),  # 7 -> 14
            nn.ConvTranspose2d(32, 1, kernel_size=4, stride=2, padding=1),  # 14 -> 28
        )  # fmt: skip

    def encode(self, x):
        """mu and logvar, each (B, latent_dim), of images x (B, 1, 28, 28) in [0, 1]."""
        require_images(x)
        require_like("x", x, self.fc_mu.weight)
        h = self.encoder(x)
        return self.fc_mu(h), self.fc_logvar(h)

    def decode_logits(self, z):
        """Images (B, 1, 28, 28) of latent vectors z (B, latent_dim), before the sigmoid."""
        require_latent(z, self.latent_dim)
        require_like("z", z, self.fc_z.weight)
        return self.decoder(self.fc_z(z))

    def decode(self, z):
        """Images (B, 1, 28, 28) of latent vectors z (B, latent_dim), as probabilities in [0, 1]."""
        return torch.sigmoid(self.decode_logits(z))

    def forward(self, x):
        """Encode x (B, 1, 28, 28), draw one z per image, decode it: a VAEOutput."""
        mu, logvar = self.encode(x)
        z = reparameterize(mu, logvar)
        return VAEOutput(self.decode_logits(z), mu, logvar, z)


class MLPVAE(nn.Module):
    """The same VAE of fully connected layers, 784-512-256-latent_dim and back; 1,068,820 parameters at latent_dim=2.

    It has 12 times the parameters of ConvVAE, but a quarter of its multiplications. Half of its units would soon be dead
    with ReLU, and a CPU slow: Adam's averages of their gradients, which are 0, decay to numbers below 1e-38.

    Raises:
        ValueError: latent_dim is not a whole number from 1 to 1,000.
    """

    def __init__(self, latent_dim=2):
        super().__init__()
        require_count("latent_dim", latent_dim, at_most=1000)
        self.latent_dim = latent_dim
        self.encoder = nn.Sequential(
            nn.Flatten(),  # 28 * 28 = 784
            nn.Linear(784, 512), nn.LeakyReLU(),
            nn.Linear(512, 256), nn.LeakyReLU(),
        )  # fmt: skip
        self.fc_mu = nn.Linear(256, latent_dim)
        self.fc_logvar = nn.Linear(256, latent_dim)
        self.fc_z = nn.Linear(latent_dim, 256)
        self.decoder = nn.Sequential(
            nn.LeakyReLU(), nn.Linear(256, 512),
            nn.LeakyReLU(), nn.Linear(512, 784),
            nn.Unflatten(1, (1, 28, 28)),
        )  # fmt: skip

    # What makes a network a VAE does not depend on its layers.
    encode, forward = ConvVAE.encode, ConvVAE.forward
    decode, decode_logits = ConvVAE.decode, ConvVAE.decode_logits


def device_of(model):
    """The device that a model's parameters are on."""
    return next(model.parameters()).device
