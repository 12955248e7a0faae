"""Make the files beside this one from the whole MNIST: VAE_EDU_DATA=... python vae_edu/assets/make.py

`sample` writes mnist_sample.npz, `pretrained` trains and writes conv_vae_2d.pt; without a word, both.
"""

import sys
from pathlib import Path

import numpy as np
import torch

import vae_edu

HERE = Path(__file__).parent
PER_DIGIT = {"train": 500, "test": 100}


def make_sample():
    """The first images of each digit, kept in MNIST's order, so that the sample starts as the whole set does."""
    arrays = {}
    for split, count in PER_DIGIT.items():
        images, labels = vae_edu.load_mnist(split).tensors
        chosen = torch.cat([(labels == digit).nonzero()[:count, 0] for digit in range(10)]).sort().values
        arrays[f"{split}_images"] = (images[chosen, 0] * 255).round().to(torch.uint8).numpy()
        arrays[f"{split}_labels"] = labels[chosen].to(torch.uint8).numpy()
    np.savez_compressed(HERE / "mnist_sample.npz", **arrays)


def make_pretrained(epochs=30):
    """ConvVAE(latent_dim=2) by the original recipe (Adam, 1e-3, batches of 128), for more epochs."""
    vae_edu.set_seed(0)
    model = vae_edu.ConvVAE(latent_dim=2).to(vae_edu.pick_device())
    test_digits = vae_edu.load_mnist("test")
    history = vae_edu.train(model, vae_edu.load_mnist("train"), epochs=epochs, test_dataset=test_digits)
    for record in history:
        print(f"epoch {record.epoch}: train {record.train.total:.2f}, test {record.test.total:.2f} nats per image")
    vae_edu.save(model.cpu(), HERE / "conv_vae_2d.pt")


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["sample", "pretrained"]
    if "sample" in wanted:
        make_sample()
    if "pretrained" in wanted:
        make_pretrained()
