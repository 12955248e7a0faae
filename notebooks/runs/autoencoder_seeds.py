"""Lesson 02's autoencoder from ten seeds: what its ways to choose points find and miss, and one that knows the digits.

What lesson 02 quotes: VAE_EDU_DATA=... python notebooks/runs/autoencoder_seeds.py > notebooks/runs/autoencoder_seeds.txt
"""

import torch
import torch.nn.functional as F
from fair_trial import fitted_gaussian, prior, rectangle, spread
from torch import nn

import vae_edu


def autoencoder():
    """Encoder and decoder as in lesson 02."""
    encoder = nn.Sequential(
        *(nn.Conv2d(1, 32, kernel_size=4, stride=2, padding=1), nn.ReLU()),
        *(nn.Conv2d(32, 64, kernel_size=4, stride=2, padding=1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(3136, 2)),
    )
    decoder = nn.Sequential(
        *(nn.Linear(2, 3136), nn.Unflatten(1, (64, 7, 7))),
        *(nn.ConvTranspose2d(64, 32, kernel_size=4, stride=2, padding=1), nn.ReLU()),
        *(nn.ConvTranspose2d(32, 1, kernel_size=4, stride=2, padding=1), nn.Sigmoid()),
    )
    return encoder, decoder


def fit(encoder, decoder, images, epochs):
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    for _ in range(epochs):
        for x in images[torch.randperm(len(images))].split(50):
            optimizer.zero_grad()
            loss = F.binary_cross_entropy(decoder(encoder(x)), x, reduction="sum") / len(x)
            loss.backward()
            optimizer.step()


def gaussian_a_digit(codes, labels):
    """As many points as codes, from one normal distribution fitted to each digit's codes."""
    return torch.cat([fitted_gaussian(codes[labels == digit], int((labels == digit).sum())) for digit in range(10)])


@torch.no_grad()
def measured(encoder, decoder, x_train, labels, x_test):
    """The test error, the span of the codes, and for each way to choose points (holes, missed), in percent."""
    codes, test_codes = encoder(x_train), encoder(x_test)
    error = F.binary_cross_entropy(decoder(test_codes), x_test, reduction="sum").item() / len(x_test)
    reach = vae_edu.nearest_distance(test_codes, codes).quantile(0.99)
    ways = {choose.__name__: choose(codes, len(codes)) for choose in (rectangle, fitted_gaussian, prior)}
    ways["gaussian_a_digit"] = gaussian_a_digit(codes, labels)
    shares = {}
    for name, points in ways.items():
        holes, missed = (vae_edu.nearest_distance(a, b) > reach for a, b in ((points, codes), (test_codes, points)))
        shares[name] = 100 * holes.float().mean().item(), 100 * missed.float().mean().item()
    return error, codes.std(dim=0).max().item(), shares


def main(seeds=10, epochs=5, images=5000):
    (x_train, labels), (x_test, _) = (vae_edu.load_mnist(split).tensors for split in ("train", "test"))
    runs = []
    for seed in range(seeds):
        vae_edu.set_seed(seed)
        encoder, decoder = autoencoder()
        fit(encoder, decoder, x_train[:images], epochs)
        runs.append(measured(encoder, decoder, x_train[:images], labels[:images], x_test))
    errors, widths, shares = zip(*runs, strict=True)
    print(f"{images:,} images, {epochs} epochs, {seeds} seeds: mean, and from least to most")
    print(f"test error {spread(errors, '.1f')} nats / image")
    print(f"standard deviation of the codes along the wider axis {spread(widths, '.1f')}")
    for way in shares[0]:
        holes, missed = (spread([share[way][i] for share in shares], ".1f") for i in (0, 1))
        print(f"{way.replace('_', ' '):16}  holes {holes + ' %':23}  missed {missed} %")


if __name__ == "__main__":
    vae_edu.set_language("en")
    main()
