"""The notebook that the course grew out of, written by us as the baseline: its recipes, without the course's library.

python original.py NAME [SEED] [DATA]     prints what a recipe of RECIPES measured, as JSON
"""

import sys
import time

import matplotlib.pyplot as plt
import report
import torch
import torch.nn.functional as F
from original_network import OriginalVAE
from torch.utils.data import DataLoader, Subset
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pictures(train, data="mnist"):
    """A data set that makes a picture of every image and a tensor of every picture, each time it is asked."""
    digits = MNIST(report.FOLDER, train=train, transform=ToTensor())
    if data != "mnist":
        digits.data, digits.targets = report.images_of(data, train)
    return digits


def loss(model, x):
    """BCE + KLD, summed over the batch."""
    x_hat, mu, logvar = model(x)
    bce = F.binary_cross_entropy(x_hat, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


def run_epoch(model, optimizer, loader):
    model.train()
    total = 0.0
    for x, _ in loader:
        x = x.to(DEVICE)
        optimizer.zero_grad()
        batch_loss = loss(model, x)
        batch_loss.backward()
        total += batch_loss.item()
        optimizer.step()
    return total / len(loader.dataset)


@torch.no_grad()
def held_out(model, loader):
    model.eval()
    return sum(loss(model, x.to(DEVICE)).item() for x, _ in loader) / len(loader.dataset)


def training():
    model = OriginalVAE().to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(Subset(pictures(train=True), range(report.IMAGES)), batch_size=128, shuffle=True)
    run_epoch(model, optimizer, DataLoader(Subset(loader.dataset, range(128)), batch_size=128))  # as ours.py does
    seconds = report.seconds(lambda: run_epoch(model, optimizer, loader))
    return {"images": report.IMAGES / seconds, "memory": report.peak_memory()}


def race(seed, data="mnist"):
    """Train until the test loss is that of the goal, and for ten epochs at least: the seconds and the test losses."""
    torch.manual_seed(seed)
    model = OriginalVAE().to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(pictures(True, data), batch_size=128, shuffle=True)
    test_loader = DataLoader(pictures(False, data), batch_size=1000)
    seconds, losses = [], []
    while len(losses) < 10 or (data == "mnist" and min(losses) > report.GOAL and len(losses) < 20):
        started = time.perf_counter()
        run_epoch(model, optimizer, loader)
        seconds.append(time.perf_counter() - started)
        losses.append(held_out(model, test_loader))
    return {"seconds": seconds, "losses": losses}


@torch.no_grad()
def draw_map():
    """400 points decoded one by one into 400 axes."""
    model = OriginalVAE()

    def draw():
        figure, axes = plt.subplots(20, 20, figsize=(10, 10))
        for i in range(20):
            for j in range(20):
                z = torch.tensor([[-3 + 0.3 * j, -3 + 0.3 * i]])
                axes[i, j].imshow(model.decode(z)[0, 0].numpy(), cmap="gray")
                axes[i, j].axis("off")
        report.show(figure)

    return {"seconds": report.median_seconds(draw, rounds=3)}


@torch.no_grad()
def move_slider():
    """interact decodes the point and draws a new figure for every value."""
    model, values = OriginalVAE(), iter(torch.linspace(-3, 3, 41).tolist())

    def move():
        value = next(values)
        figure, ax = plt.subplots()
        ax.imshow(model.decode(torch.tensor([[value, 0.0]]))[0, 0].numpy(), cmap="gray")
        ax.set_title(f"z = ({value:.2f}, 0.00)")
        ax.axis("off")
        report.show(figure)

    return {"seconds": report.median_seconds(move, rounds=40)}


RECIPES = {"training": training, "race": race, "map": draw_map, "slider": move_slider}

if __name__ == "__main__":
    report.run(RECIPES, sys.argv)
