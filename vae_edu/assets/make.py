"""Make the course's binary files from the whole MNIST: VAE_EDU_DATA=... python vae_edu/assets/make.py [what ...]

`sample` writes mnist_sample.npz, and `fashion` fashion_mnist_sample.npz from FashionMNIST/raw there; `pretrained` trains and writes conv_vae_2d.pt, and `mlp` mlp_vae_2d.pt; with the first, `picture` draws the site's
landing page picture and `explorer` writes the file of the site's explorer. Without a word, all six.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image

import vae_edu

HERE = Path(__file__).parent
SITE = HERE.parents[1] / "book" / "_static"


def make_sample(load=vae_edu.load_mnist, name="mnist", train=500, test=100):
    """The first images of each label, kept in the whole set's order, so that the sample starts as it does."""
    arrays = {}
    for split, count in {"train": train, "test": test}.items():
        images, labels = load(split).tensors
        chosen = torch.cat([(labels == digit).nonzero()[:count, 0] for digit in range(10)]).sort().values
        arrays[f"{split}_images"] = (images[chosen, 0] * 255).round().to(torch.uint8).numpy()
        arrays[f"{split}_labels"] = labels[chosen].to(torch.uint8).numpy()
    np.savez_compressed(HERE / f"{name}_sample.npz", **arrays)


def make_fashion_sample():
    make_sample(vae_edu.load_fashion_mnist, "fashion_mnist", train=100, test=20)


def make_pretrained(epochs=30):
    """ConvVAE(latent_dim=2) by the original recipe (Adam, 1e-3, batches of 128), for more epochs."""
    vae_edu.set_seed(0)
    model = vae_edu.ConvVAE(latent_dim=2).to(vae_edu.pick_device())
    test_digits = vae_edu.load_mnist("test")
    history = vae_edu.train(model, vae_edu.load_mnist("train"), epochs=epochs, test_dataset=test_digits)
    for record in history:
        print(f"epoch {record.epoch}: train {record.train.total:.2f}, test {record.test.total:.2f} nats per image")
    vae_edu.save(model.cpu(), HERE / "conv_vae_2d.pt")


def make_pretrained_mlp(epochs=45):
    """MLPVAE(latent_dim=2), its weights stored with 16 bits each: no nat is lost, and half of the download saved."""
    vae_edu.set_seed(0)
    model = vae_edu.MLPVAE(latent_dim=2).to(vae_edu.pick_device())
    test_digits = vae_edu.load_mnist("test")
    vae_edu.train(model, vae_edu.load_mnist("train"), epochs=epochs, schedule="one_cycle", learning_rate=3e-3)
    path = HERE / "mlp_vae_2d.pt"
    print(f"test {vae_edu.evaluate(model, test_digits).total:.2f} nats per image")
    torch.save({name: weight.half().cpu() for name, weight in model.state_dict().items()}, path)
    print(f"from the file: test {vae_edu.evaluate(vae_edu.load(path), test_digits).total:.2f} nats per image")


def make_picture(steps=12):
    """The map of the latent space without axes, in 16 greys."""
    points = vae_edu.latent_grid(limit=2.2, steps=steps, spacing="quantile").flip(0).reshape(-1, 2)
    with torch.no_grad():
        images = vae_edu.load_pretrained().decode(points)
    picture = torchvision.utils.make_grid(images, nrow=steps, padding=0)[0]
    grey = Image.fromarray((picture * 15).round().mul(17).to(torch.uint8).numpy())
    grey.quantize(16).save(SITE / "latent-map.png", optimize=True)


def make_explorer():
    """The pretrained model with the means of all 10,000 test images."""
    model = vae_edu.load_pretrained()
    codes = vae_edu.encode_dataset(model, vae_edu.load_mnist("test"))
    vae_edu.export_explorer(model, SITE / "conv_vae_2d.safetensors", codes)


MAKERS = {
    "sample": make_sample,
    "fashion": make_fashion_sample,
    "pretrained": make_pretrained,
    "mlp": make_pretrained_mlp,
    "picture": make_picture,
    "explorer": make_explorer,
}

if __name__ == "__main__":
    for what in sys.argv[1:] or MAKERS:
        MAKERS[what]()
