"""The network of the notebook that the course grew out of, without the course's library: its decoder ends in a sigmoid layer."""

import torch
from torch import nn


class OriginalVAE(nn.Module):
    """The layers of vae_edu.ConvVAE, and the sigmoid."""

    def __init__(self, latent_dim=2):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU(), nn.Flatten()
        )
        self.fc_mu, self.fc_logvar = nn.Linear(3136, latent_dim), nn.Linear(3136, latent_dim)
        self.fc_z = nn.Linear(latent_dim, 3136)
        self.decoder = nn.Sequential(
            nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 32, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 4, 2, 1),
            nn.Sigmoid(),
        )

    def decode(self, z):
        return self.decoder(self.fc_z(z))

    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = self.fc_mu(h), self.fc_logvar(h)
        return self.decode(mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)), mu, logvar
