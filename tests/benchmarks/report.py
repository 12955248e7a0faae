"""What the benchmarks share: stopwatches, the name of the machine, and the tables that the book shows."""

import io
import json
import os
import platform
import re
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))
FOLDER = os.environ.get("VAE_EDU_DATA", str(Path.home() / ".cache" / "vae_edu"))  # where MNIST/raw is
GOAL = 153.5  # nats per test image: the loss that the original needs ten epochs or somewhat more for
IMAGES = 100 * 128  # to measure the speed of training with


def images_of(data, train):
    """The images (N, 28, 28) uint8 and labels of another data set of MNIST's size."""
    from letters import letters  # here, or every process would import its libraries

    return {"letters": letters}[data]("train" if train else "test")


def run(recipes, arguments):
    """Print what the recipe named on the command line measured, with its seed and data set, as JSON."""
    _, name, *seed_and_data = arguments
    print(json.dumps(recipes[name](*map(int, seed_and_data[:1]), *seed_and_data[1:])))


def seconds(way):
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


def median_seconds(way, rounds):
    """The median of some rounds, after one that does not count."""
    way()
    return statistics.median(seconds(way) for _ in range(rounds))


def show(figure):
    """Turn a figure into the picture that a notebook would show."""
    import matplotlib.pyplot as plt

    figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")
    plt.close(figure)


def peak_memory():
    """The most memory that this process has held, in megabytes; getrusage would count its parent's as well."""
    return float(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))[1]) / 1e3


def machine():
    """The processor's name and the number of its cores."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text("utf-8")) if info.exists() else None
    return f"{found[1] if found else platform.machine()}, {os.cpu_count()} cores"


def write(name, heads, rows, note):
    """Write book/ja and book/en/measured-`name`.md and print them: rows start with a Japanese and an English text."""
    for i, language in enumerate(("ja", "en")):
        lines = [heads[i], ["---", *["---:"] * (len(heads[i]) - 1)], *([row[i], *row[2:]] for row in rows)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{note}\n"
        (ROOT / "book" / language / f"measured-{name}.md").write_text(table, encoding="utf-8")
        print(table)
