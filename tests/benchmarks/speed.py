"""Measure the course beside the notebook that it grew out of, on the whole MNIST, and write the book's table.

    make bench                     one seed of the race, with VAE_EDU_DATA, or where a lesson has downloaded MNIST
    make bench OPTIONS=--full      three seeds, and the race on a second data set as well (half an hour)

A is the original's recipe (original.py), B the course's own functions (ours.py). Every measurement is a process of its
own, A B A B, so that neither warms up for the other. A ratio above 1 says how many times less time, or memory, B takes.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import report
import torch

HERE = Path(__file__).parent
WAYS = [("same network", "同じネットワーク", "same network"), ("any network", "MLPVAE", "MLPVAE")]  # of ours.py
START = {"original": "import torch, torchvision, numpy, matplotlib.pyplot", "ours": "import vae_edu"}


def measured(who, *words):
    """What a recipe of original.py or ours.py prints, run in a process of its own."""
    command = [sys.executable, str(HERE / f"{who}.py"), *map(str, words)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return json.loads(done.stdout.splitlines()[-1])


def in_turn(rounds, *words):
    """What both measure, A B A B: two lists."""
    pairs = [(measured("original", *words), measured("ours", *words)) for _ in range(rounds)]
    return map(list, zip(*pairs, strict=True))


def start(who):
    return report.seconds(lambda: subprocess.run([sys.executable, "-c", START[who]], check=True))


def until(run, goal):
    """The seconds of training until a test loss reaches the goal; infinity if none does."""
    reached = [i for i, loss in enumerate(run["losses"], start=1) if loss <= goal]
    return sum(run["seconds"][: reached[0]]) if reached else float("inf")


def row(ja, en, a, b, unit, ratio=lambda a, b: a / b):
    """A row of the table: medians, with the range where there are several seeds."""
    return (
        ja,
        en,
        *(spread(values, unit) for values in (a, b)),
        f"{ratio(*map(statistics.median, (a, b))):.1f}\N{NO-BREAK SPACE}×",
    )


def spread(values, unit):
    low, middle, high = (unit.format(f(values)) for f in (min, statistics.median, max))
    return middle if low == high else f"{middle} ({low} – {high})"


def simple_rows():
    """Speed of training, map, slider, import, memory."""
    a, b = in_turn(3, "training")
    images, memory = ([[run[key] for run in runs] for runs in (a, b)] for key in ("images", "memory"))
    maps, moves = ([[run["seconds"] for run in runs] for runs in in_turn(3, name)] for name in ("map", "slider"))
    starts = zip(*((start("original"), start("ours")) for _ in range(3)), strict=True)
    milli = [[1e3 * s for s in runs] for runs in moves]
    return [
        row("学習の速さ (枚/秒)", "training, images per second", *images, "{:,.0f}", ratio=lambda a, b: b / a),
        row("20 × 20 の地図", "the 20 × 20 map", *maps, "{:.2f} s"),
        row("スライダーの更新 1 回", "one slider update", *milli, "{:.1f} ms"),
        row("import", "import", *starts, "{:.1f} s"),
        row("学習時のメモリの最大値", "peak memory of training", *memory, "{:,.0f} MB"),
    ]


def races(seeds, data="mnist"):
    """What the original and the course measured with each seed."""
    for seed in range(seeds):
        yield measured("original", "race", seed, data), measured("ours", "race", seed, data)


def race_rows(seeds):
    """Seconds to the goal, and the test loss that the original's ten epochs have time for."""
    original, ours = zip(*races(seeds), strict=True)
    to_goal = [until(run, report.GOAL) for run in original]
    ten = [run["ten epochs"] for run in ours]
    seconds = [sum(run["seconds"][:10]) for run in original], [sum(run["seconds"]) for run in ten]
    losses = [run["losses"][9] for run in original], [run["losses"][9] for run in ten]
    return [
        *(
            row(
                f"テスト損失 {report.GOAL} nat まで、{ja}",
                f"until {report.GOAL} nats on the test set, {en}",
                to_goal,
                [until(run[way], report.GOAL) for run in ours],
                "{:.0f} s",
            )
            for way, ja, en in WAYS
        ),
        row("10 エポック (この講座は MLPVAE)", "ten epochs (the course: MLPVAE)", *seconds, "{:.0f} s"),
        (
            "10 エポック後のテスト損失 (nat)",
            "test loss after ten epochs (nats)",
            *(spread(x, "{:.1f}") for x in losses),
            "",
        ),
    ]


def letter_rows():
    """The same settings on printed letters, one seed: seconds until the loss of the original's ten epochs."""
    original, ours = zip(*races(1, "letters"), strict=True)
    goals = [run["losses"][9] for run in original]
    return [
        row(
            f"活字の画像で、元のノートブックの 10 エポックの損失まで、{ja}",
            f"printed letters, until the loss of the original's ten epochs, {en}",
            [sum(run["seconds"][:10]) for run in original],
            [until(run[way], goal) for run, goal in zip(ours, goals, strict=True)],
            "{:.0f} s",
        )
        for way, ja, en in WAYS
    ]


def main(full):
    """Measure, print, and write the table into the book."""
    seeds = 3 if full else 1
    rows = simple_rows() + race_rows(seeds) + (letter_rows() if full else [])
    heads = [
        ["測ったもの", "元のノートブック", "この講座", "比"],
        ["measured", "the original notebook", "this course", "ratio"],
    ]
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    report.write("speed", heads, rows, f"{report.machine()}, {device}, torch {torch.__version__}")


if __name__ == "__main__":
    main(full="--full" in sys.argv)
