"""Measure the course beside the notebook that it grew out of: A B A B in one run, on the whole MNIST.

    make bench        with VAE_EDU_DATA, or where a lesson has downloaded MNIST

A is the original's recipe, written by us as the baseline; B is the course's own function for the same. A ratio above 1
says how many times less time, or memory, B takes. Figures are medians.
"""

import functools
import io
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import report
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Subset, TensorDataset
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

import vae_edu
from vae_edu.data import CACHE

IMAGES = 100 * 128  # for one measurement of training
FOLDER = os.environ.setdefault("VAE_EDU_DATA", str(CACHE))  # where MNIST/raw is
ORIGINAL_IMPORTS = "import torch, torchvision, numpy, matplotlib.pyplot"


def medians(rounds, *ways):
    """The median seconds of each way, run in turn."""
    seconds = [[] for _ in ways]
    for _ in range(rounds):
        for way, times in zip(ways, seconds, strict=True):
            started = time.perf_counter()
            way()
            times.append(time.perf_counter() - started)
    return [statistics.median(times) for times in seconds]


def png(figure):
    """The figure as a notebook would send it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    plt.close(figure)


# Training: the original's loop reads every image from the data set's pictures, and asks each step for its loss.


def original_training(count):
    digits = Subset(MNIST(FOLDER, train=True, transform=ToTensor()), range(count))
    model = vae_edu.ConvVAE(latent_dim=2).to(vae_edu.pick_device())
    optimizer, total = torch.optim.Adam(model.parameters(), lr=1e-3), 0.0
    for x, _ in DataLoader(digits, batch_size=128, shuffle=True):
        x = x.to(vae_edu.pick_device())
        optimizer.zero_grad()
        output = model(x)
        bce = F.binary_cross_entropy(torch.sigmoid(output.x_logits), x, reduction="sum")
        kld = -0.5 * torch.sum(1 + output.logvar - output.mu.pow(2) - output.logvar.exp())
        (bce + kld).backward()
        total += (bce + kld).item()
        optimizer.step()


def first(count):
    return TensorDataset(*(tensor[:count] for tensor in vae_edu.load_mnist("train").tensors))


def our_training(digits):
    model = vae_edu.ConvVAE(latent_dim=2).to(vae_edu.pick_device())
    vae_edu.train(model, digits, epochs=1, progress=False)


# The map: the original decodes 400 points one by one into 400 axes.


@torch.no_grad()
def original_map(model):
    figure, axes = plt.subplots(20, 20, figsize=(10, 10))
    for i in range(20):
        for j in range(20):
            z = torch.tensor([[-3 + 0.3 * j, -3 + 0.3 * i]])
            axes[i, j].imshow(model.decode(z)[0, 0].numpy(), cmap="gray")
            axes[i, j].axis("off")
    png(figure)


def our_map(model):
    png(vae_edu.plot_latent_grid(model))


# A slider: interact draws a new figure for every value.


@torch.no_grad()
def original_update(model, value):
    figure, ax = plt.subplots()
    ax.imshow(model.decode(torch.tensor([[value, 0.0]]))[0, 0].numpy(), cmap="gray")
    ax.set_title(f"z = ({value:.2f}, 0.00)")
    ax.axis("off")
    png(figure)


def our_update(slider, value):
    slider.value = value


def slider_seconds(model, count=40):
    """Medians of one update each way."""
    slider = vae_edu.latent_sliders(model).children[1]
    values = iter(torch.linspace(-3, 3, 2 * count).tolist())
    return medians(count, lambda: original_update(model, next(values)), lambda: our_update(slider, next(values)))


# Start and memory: in processes of their own.

FEW = {"original": lambda: original_training(2560), "ours": lambda: our_training(first(2560))}


def start(code):
    subprocess.run([sys.executable, "-c", code], check=True)


def megabytes(way):
    """Peak memory of a process that trains on a few images: this file, started with the name of a way."""
    done = subprocess.run([sys.executable, __file__, way], check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.split()[-1])


def peak():
    """The most memory that this process has held, in megabytes; getrusage would count its parent's as well."""
    return float(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1e3


def main():
    """Measure, print, and write the table into the book."""
    model, digits = vae_edu.load_pretrained(), first(IMAGES)
    training = medians(3, functools.partial(original_training, IMAGES), functools.partial(our_training, digits))
    drawing = medians(3, functools.partial(original_map, model), functools.partial(our_map, model))
    update = slider_seconds(model)
    started = medians(3, functools.partial(start, ORIGINAL_IMPORTS), functools.partial(start, "import vae_edu"))
    memory = [megabytes(way) for way in FEW]
    rows = [
        ("学習 (枚/秒)", "training (images per second)", *(f"{IMAGES / s:,.0f}" for s in training), ratio(training)),
        ("20 × 20 の地図", "the 20 × 20 map", *(f"{s:.2f} s" for s in drawing), ratio(drawing)),
        ("スライダーの更新 1 回", "one slider update", *(f"{1e3 * s:.1f} ms" for s in update), ratio(update)),
        ("import", "import", *(f"{s:.1f} s" for s in started), ratio(started)),
        ("メモリの最大値", "peak memory", *(f"{m:,.0f} MB" for m in memory), ratio(memory)),
    ]
    device = f"torch {torch.__version__}, {torch.get_num_threads()} threads"
    heads = [
        ["測ったもの", "元のノートブック", "この講座", "比"],
        ["measured", "the original notebook", "this course", "ratio"],
    ]
    report.write("speed", heads, rows, f"{report.machine()}, {vae_edu.pick_device()}, {device}")


def ratio(pair):
    return f"{pair[0] / pair[1]:.1f} ×"


if __name__ == "__main__":
    if sys.argv[1:]:
        FEW[sys.argv[1]]()
        print(peak())
    else:
        main()
