"""The convolutional variational autoencoder: encoder, reparameterization, decoder."""

from typing import NamedTuple

import torch
from torch import nn

from .data import require_count, require_images
from .language import tr


class VAEOutput(NamedTuple):
    """What ConvVAE returns for a batch of B images."""

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
        ValueError: mu and logvar have different shapes.
    """
    require_same_shape(mu, logvar)
    std = torch.exp(0.5 * logvar)
    eps = torch.randn_like(std)
    return mu + eps * std


class ConvVAE(nn.Module):
    """A VAE of images (B, 1, 28, 28) with two convolutions each way; 88,645 parameters at latent_dim=2.

    Raises:
        ValueError: latent_dim is not a whole number of at least 1.
    """

    def __init__(self, latent_dim=2):
        super().__init__()
        require_count("latent_dim", latent_dim)
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
        h = self.encoder(x)
        return self.fc_mu(h), self.fc_logvar(h)

    def decode_logits(self, z):
        """Images (B, 1, 28, 28) of latent vectors z (B, latent_dim), before the sigmoid."""
        require_latent(z, self.latent_dim)
        return self.decoder(self.fc_z(z))

    def decode(self, z):
        """Images (B, 1, 28, 28) of latent vectors z (B, latent_dim), as probabilities in [0, 1]."""
        return torch.sigmoid(self.decode_logits(z))

    def forward(self, x):
        """Encode x (B, 1, 28, 28), draw one z per image, decode it: a VAEOutput."""
        mu, logvar = self.encode(x)
        z = reparameterize(mu, logvar)
        return VAEOutput(self.decode_logits(z), mu, logvar, z)


def device_of(model):
    """The device that a model's parameters are on."""
    return next(model.parameters()).device


def require_latent(z, latent_dim):
    """Raise TypeError or ValueError unless z is a floating-point tensor of shape (B, latent_dim)."""
    if not isinstance(z, torch.Tensor) or not z.is_floating_point():
        given = z.dtype if isinstance(z, torch.Tensor) else type(z).__name__
        raise TypeError(
            tr(
                ja=f"z は float32 のテンソルでなければなりませんが、{given} が渡されました。"
                "torch.tensor([[-0.6, 1.2]]) のように作ってください。",
                en=f"z must be a float32 tensor, but {given} was given. Make one like torch.tensor([[-0.6, 1.2]]).",
            )
        )
    if z.dim() != 2 or z.shape[1] != latent_dim:
        raise ValueError(
            tr(
                ja=f"z の形は (B, {latent_dim}) でなければなりませんが、{tuple(z.shape)} が渡されました。"
                "1 点だけでも (1, 次元数) の形にしてください。",
                en=f"z must have the shape (B, {latent_dim}), but {tuple(z.shape)} was given. "
                "A single point needs the shape (1, latent_dim) as well.",
            )
        )


def require_same_shape(first, second, first_name="mu", second_name="logvar"):
    """Raise ValueError unless two tensors have the same shape."""
    if first.shape != second.shape:
        shapes = f"{tuple(first.shape)} / {tuple(second.shape)}"
        raise ValueError(
            tr(
                ja=f"{first_name} と {second_name} の形は同じでなければなりませんが、{shapes} が渡されました。",
                en=f"{first_name} and {second_name} must have the same shape, but {shapes} were given.",
            )
        )
