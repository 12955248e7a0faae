"""The variational autoencoder: encoder, reparameterization, decoder; of convolutions, or of fully connected layers."""

from typing import NamedTuple

import torch
from torch import nn

from .arguments import require_count, require_latent, require_like, require_same_shape, wrong
from .images import require_images
from .language import tr


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
    with ReLU, and some CPUs slow: Adam's averages of their gradients, which are 0, decay to numbers below 1e-38.

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


def unwrapped(model):
    """The model inside the wrappers of torch.compile, DataParallel and DistributedDataParallel; another as it is."""
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return unwrapped(model.module)
    return unwrapped(model._orig_mod) if hasattr(model, "_orig_mod") else model


def encoded(model, x):
    """mu and logvar, each (B, latent_dim) float32, that a model of any class gives for images x.

    Raises:
        ValueError: its `encode` returns anything else.
    """
    result = model.encode(x.to(device_of(model)))
    pair = isinstance(result, tuple | list) and len(result) == 2 and all(isinstance(r, torch.Tensor) for r in result)
    if not pair or result[0].shape != result[1].shape or result[0].dim() != 2 or len(result[0]) != len(x):
        what = tr(
            ja=" 2 つのテンソル (mu, logvar)、形はどちらも (B, latent_dim) ",
            en="the two tensors (mu, logvar), both of shape (B, latent_dim)",
        )
        cure = tr(ja="encode の最後を return mu, logvar にしてください。", en="End encode with `return mu, logvar`.")
        raise wrong(tr(ja="model.encode(x) の戻り値", en="what model.encode(x) returns"), result, what, cure)
    return tuple(part.float() for part in result)  # under autocast they have 16 bits


def decoded(model, z):
    """Images (B, 1, 28, 28), float32 in [0, 1], that a model of any class gives for latent vectors z (B, latent_dim).

    Raises:
        ValueError: its `decode` returns anything else.
    """
    images = model.decode(z.to(device_of(model)))
    name = tr(ja="model.decode(z) の戻り値", en="what model.decode(z) returns")
    if not isinstance(images, torch.Tensor) or images.shape != (len(z), 1, 28, 28):
        cure = tr(
            ja="decode の最後で x.view(-1, 1, 28, 28) のように形を変えてください。",
            en="End decode with a view like x.view(-1, 1, 28, 28).",
        )
        raise wrong(name, images, tr(ja=" (B, 1, 28, 28) のテンソル", en="a tensor of shape (B, 1, 28, 28)"), cure)
    low, high = (value.item() for value in images.detach().float().aminmax())
    if not (low >= 0 and high <= 1):
        cure = tr(
            ja="シグモイドの前の値 (ロジット) なら、decode の最後を torch.sigmoid(...) にしてください。",
            en="If these are logits, end decode with torch.sigmoid(...).",
        )
        if not torch.isfinite(images).all():
            cure = tr(
                ja="学習が発散しています。モデルを作り直し、learning_rate を小さくして学習してください。",
                en="Its training diverged. Make a new model and train it with a smaller learning_rate.",
            )
        raise ValueError(
            tr(
                ja=f"{name}は 0 以上 1 以下の値でなければなりませんが、{low:g} から {high:g} までの値があります。{cure}",
                en=f"{name} must be values in [0, 1], but they go from {low:g} to {high:g}. {cure}",
            )
        )
    return images.float()  # under autocast they have 16 bits
