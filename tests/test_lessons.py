"""The lesson sources: pairs in both languages, cell budget, and definitions that equal the library's."""

import ast
import itertools
import re
import statistics
from pathlib import Path

import build
import pytest

import vae_edu

LESSONS = sorted((build.HERE / "lessons").glob("*.md"), key=lambda path: path.stem)
LIBRARY = Path(vae_edu.__file__).parent

# Each of these definitions of the library is taught in full by one lesson.
TAUGHT = {
    "one_of_each_digit": "01_data",
    "VAEOutput": "03_network",
    "reparameterize": "03_network",
    "ConvVAE": "03_network",
    "LossTerms": "04_loss",
    "reconstruction_loss": "04_loss",
    "kl_divergence": "04_loss",
    "vae_loss": "04_loss",
    "training_step": "05_training",
    "interpolate": "06_generate",
}


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request):
    return request.param


def code_of(path):
    return [cell.source for cell in build.read(path) if cell.cell_type == "code" and cell.metadata["label"] != "setup"]


def test_pairs(lesson):
    assert build.faults(lesson) == []


def test_cell_budget(lesson):
    cells = code_of(lesson)
    lengths = [len(build.essence(cell).splitlines()) for cell in cells]
    assert 12 <= len(cells) + 1 <= 25
    assert statistics.median(lengths) <= 6
    assert sum(length <= 10 for length in lengths) >= 0.75 * len(lengths)
    assert max(lengths) <= 25
    for cell in cells:
        assert len([node for node in ast.parse(cell).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]) <= 1, (
            cell
        )


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_prose(lesson, lang):
    cells = build.notebook(lesson, lang).cells
    for before, cell in itertools.pairwise(cells):
        assert not (before.cell_type == cell.cell_type == "code"), f"no prose before cell {cell.id!r}"
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    prose = re.sub(r"(?m)^\|.*$", "", prose)  # tables of terms and troubles are not prose
    prose = re.sub(r"(?s)\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|\(https?:[^)]*\)", " ", prose)
    words = len(re.findall(r"[A-Za-z][\w'’-]*", prose))
    japanese = len(re.findall(r"[ぁ-んァ-ヶー一-龠々]", prose))
    assert 600 <= words <= 1500 if lang == "en" else 1500 <= japanese <= 4000, (words, japanese)


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_parts(lesson, lang):
    """Badge, objectives, what can go wrong, summary and symbol table stand where every lesson has them."""
    cells = [cell for cell in build.notebook(lesson, lang).cells if cell.cell_type == "markdown"]
    assert len(re.findall(r"^- ", cells[0].source, re.M)) == 3
    assert re.search(
        r"読むのにかかる時間: 約 \d+ 分" if lang == "ja" else r"Reading time: about \d+ minutes", cells[0].source
    )
    heads = [cell.source.splitlines()[0] for cell in cells[-3:]]
    assert heads == (
        ["## うまくいかないとき", "## まとめ", "## 記号と用語"]
        if lang == "ja"
        else ["## What can go wrong", "## Summary", "## Symbols and terms"]
    )


def test_every_taught_definition_is_the_librarys():
    """Docstrings, and the argument checks that a lesson leaves out (`require_...`), aside."""
    library = {
        node.name: node
        for path in LIBRARY.glob("*.py")
        for node in ast.parse(path.read_text()).body
        if hasattr(node, "name")
    }
    taught = {}
    for lesson in LESSONS:
        for node in (node for cell in code_of(lesson) for node in ast.parse(cell).body if hasattr(node, "name")):
            if node.name in library:
                assert bare(node) == bare(library[node.name]), f"{lesson.stem}: {node.name} differs from vae_edu's"
                assert node.name not in taught, f"{node.name} is defined in {taught[node.name]} and in {lesson.stem}"
                taught[node.name] = lesson.stem
    assert taught == TAUGHT


def bare(node):
    """The syntax tree of a definition without docstrings and `require_...` statements, as text."""
    tree = ast.parse(ast.unparse(node))
    for part in ast.walk(tree):
        if isinstance(part, ast.FunctionDef | ast.ClassDef):
            part.body = [
                line
                for line in part.body
                if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
                and not (
                    isinstance(line, ast.Expr)
                    and isinstance(line.value, ast.Call)
                    and getattr(line.value.func, "id", "").startswith("require_")
                )
            ]
    return ast.dump(tree)
