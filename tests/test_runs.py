"""The stored runs that lessons quote: scripts that still run, and outputs that stand in both languages as they are."""

import importlib
import re
import sys

import build
import pytest

RUNS = build.HERE / "runs"
SMALL = {  # what makes a run short
    "autoencoder_seeds": {"seeds": 2, "epochs": 1},
    "evidence_grid": {"images": 5, "steps": 51, "draws": 2},
    "evidence_toy": {"points": 1001},
    "fair_trial": {"seeds": 2, "epochs": 1},
    "first_steps": {"seeds": 2, "steps": 2},
    "gradient_noise": {"images": 2, "draws": 100, "epochs": 1},
    "information": {"images": 500},
    "map_seeds": {"seeds": 3, "epochs": 1, "count": 500},
    "race": {"seeds": 2, "epochs": 1},
}


def shape(text):
    """The lines about results, with their numbers and what the numbers push aside left out."""
    lines = [line for line in text.splitlines() if not re.match("Loaded MNIST|Bundled sample", line)]
    return [" ".join(re.sub(r"[-−+]?\d[\d,.]*", "#", line).replace("( #", "(#").split()) for line in lines]


def test_every_run_is_known_here():
    assert (
        sorted(SMALL) == sorted(path.stem for path in RUNS.glob("*.py")) == sorted(p.stem for p in RUNS.glob("*.txt"))
    )


@pytest.mark.parametrize("name", SMALL)
def test_a_run_still_prints_what_was_stored(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "path", [str(RUNS), *sys.path])
    importlib.import_module(name).main(**SMALL[name])
    assert shape(capsys.readouterr().out) == shape((RUNS / f"{name}.txt").read_text("utf-8"))


@pytest.mark.parametrize("lang", build.LANGUAGES)
@pytest.mark.parametrize("name", SMALL)
def test_a_lesson_quotes_the_run_as_it_was_and_names_its_script(name, lang):
    stored = (RUNS / f"{name}.txt").read_text("utf-8").splitlines()
    results = "\n".join(line.rstrip() for line in stored if not re.match("Loaded MNIST", line))
    texts = [
        cell.source
        for path in sorted((build.HERE / "lessons").glob("*.md"))
        for cell in build.notebook(path, lang).cells
    ]
    assert any(results in text and f"notebooks/runs/{name}.py" in text for text in texts)
