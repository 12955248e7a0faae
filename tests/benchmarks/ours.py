"""The same as original.py, by the course's own functions."""

import sys

import report
import torch
from torch.utils.data import TensorDataset

import vae_edu

# Ways to the goal, by name: the network, its epochs and its highest learning rate.
WAYS = {
    "same network": (vae_edu.ConvVAE, 6, 7e-3),
    "any network": (vae_edu.MLPVAE, 2, 5e-3),
    "ten epochs": (vae_edu.MLPVAE, 10, 3e-3),
}


def digits(split, data="mnist"):
    if data == "mnist":
        return vae_edu.load_mnist(split)
    images, labels = report.images_of(data, split == "train")
    return TensorDataset(images[:, None] / 255, labels)


def training():
    model = vae_edu.ConvVAE().to(vae_edu.pick_device())
    first = TensorDataset(*vae_edu.load_mnist("train")[: report.IMAGES])
    vae_edu.train(model, TensorDataset(*first[:128]), epochs=1, progress=False)  # torch's first step loads much code
    seconds = report.seconds(lambda: vae_edu.train(model, first, epochs=1, progress=False))
    return {"images": report.IMAGES / seconds, "memory": report.peak_memory()}


def race(seed, data="mnist"):
    """Train each way: its seconds and test losses, epoch by epoch."""
    train_digits, test_digits = digits("train", data), digits("test", data)
    runs = {}
    for name, (network, epochs, rate) in WAYS.items():
        vae_edu.set_seed(seed)
        model = network(latent_dim=2).to(vae_edu.pick_device())
        options = {"schedule": "one_cycle", "learning_rate": rate, "test_dataset": test_digits, "progress": False}
        history = vae_edu.train(model, train_digits, epochs, **options)
        runs[name] = {"seconds": [r.seconds for r in history], "losses": [r.test.total for r in history]}
    return runs


def draw_map():
    model = vae_edu.load_pretrained()
    return {"seconds": report.median_seconds(lambda: report.show(vae_edu.plot_latent_grid(model)), rounds=3)}


def move_slider():
    slider = vae_edu.latent_sliders(vae_edu.load_pretrained()).children[1]
    values = iter(torch.linspace(-3, 3, 41).tolist())
    return {"seconds": report.median_seconds(lambda: setattr(slider, "value", next(values)), rounds=40)}


RECIPES = {"training": training, "race": race, "map": draw_map, "slider": move_slider}

if __name__ == "__main__":
    report.run(RECIPES, sys.argv)
