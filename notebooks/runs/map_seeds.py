"""Does training again give the same map? Eight seeds of one short recipe, and the two networks that ship with the course.

What lesson 07 quotes: VAE_EDU_DATA=... python notebooks/runs/map_seeds.py > notebooks/runs/map_seeds.txt
"""

import torch
from torch.utils.data import TensorDataset

import vae_edu


def digit_means(codes):
    return torch.stack([codes.mu[codes.labels == digit].mean(dim=0) for digit in range(10)])


def correlations(rows):
    """Of every pair of rows."""
    pairs = torch.combinations(torch.arange(len(rows)))
    return torch.corrcoef(rows)[pairs[:, 0], pairs[:, 1]]


def mirrored(means, other):
    """Whether the rotation that fits the other means best needs a mirror."""
    centred, fitted = means - means.mean(dim=0), other - other.mean(dim=0)
    return torch.linalg.det(centred.T @ fitted) < 0


def main(seeds=8, epochs=2, count=5000):
    train_digits, test_digits = vae_edu.load_mnist("train"), vae_edu.load_mnist("test")
    small_digits = TensorDataset(*(tensor[:count] for tensor in train_digits.tensors))
    means, first = [], []
    for seed in range(seeds):
        vae_edu.set_seed(seed)
        model = vae_edu.ConvVAE(latent_dim=2)
        vae_edu.train(model, small_digits, epochs=epochs, batch_size=32, learning_rate=3e-3, progress=False)
        codes = vae_edu.encode_dataset(model, test_digits)
        means.append(digit_means(codes))
        first.append(codes.mu[:, 0])
    means = torch.stack(means)  # (seeds, 10, 2)
    distances = torch.stack([torch.pdist(run) for run in means])
    flips = [mirrored(means[i], means[j]) for i in range(seeds) for j in range(i)]
    print(f"{seeds} seeds, {len(small_digits):,} images, {epochs} epochs: {len(flips)} pairs of maps")
    print(f"correlation of z1, image by image: {spread(correlations(torch.stack(first)))}")
    print(f"to match best, a map is turned in {len(flips) - sum(flips)} pairs, turned and mirrored in {sum(flips)}")
    print(f"correlation of the distances between digit means: {spread(correlations(distances))}")
    nearest = (
        torch.cdist(means, means).diagonal_scatter(torch.full((seeds, 10), torch.inf), dim1=1, dim2=2).argmin(dim=2)
    )
    usual = nearest.mode(dim=0).values
    for digit in range(10):
        times = (nearest[:, digit] == usual[digit]).sum()
        print(f"    the digit nearest to {digit} is {usual[digit]} in {times} of {seeds} maps")
    shipped = [
        torch.pdist(digit_means(vae_edu.encode_dataset(vae_edu.load_pretrained(name), test_digits)))
        for name in ("conv_vae_2d", "mlp_vae_2d")
    ]
    print(f"conv_vae_2d and mlp_vae_2d: correlation of the distances {torch.corrcoef(torch.stack(shipped))[0, 1]:.2f}")


def spread(values):
    return f"{values.min():.2f} to {values.max():.2f}, median {values.median():.2f}"


if __name__ == "__main__":
    vae_edu.set_language("en")
    main()
