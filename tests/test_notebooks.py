"""The committed notebooks: made by their lessons and by today's library, every cell run, on the full MNIST.

That their outputs can be had again, in both languages, is nbval's work: `pytest --nbval notebooks`.
"""

import re
from pathlib import Path

import build
import nbformat
import pytest

NOTEBOOKS = [
    pytest.param(path, lang, id=f"{lang}/{path.stem}")
    for path in sorted((build.HERE / "lessons").glob("*.md"))
    for lang in build.LANGUAGES
]

FORBIDDEN = ["Warning", "Traceback", "site-packages", "/tmp/", str(build.HERE.parent), str(Path.home())]


@pytest.fixture
def nb(path, lang):
    return nbformat.read(build.HERE / lang / f"{path.stem}.ipynb", as_version=4)


def texts(cell):
    """All that a cell printed or showed as text."""
    for output in cell.outputs:
        yield output.get("text", "")
        yield output.get("data", {}).get("text/plain", "")


@pytest.mark.parametrize(("path", "lang"), NOTEBOOKS)
def test_it_is_what_its_lesson_and_the_library_make(path, lang):
    assert build.stale(path, lang) == [], "run `make notebooks`"


@pytest.mark.parametrize(("path", "lang"), NOTEBOOKS)
def test_every_code_cell_was_run_in_order(nb):
    counts = [cell.execution_count for cell in nb.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.parametrize(("path", "lang"), NOTEBOOKS)
def test_it_ran_on_the_full_mnist(nb, lang):
    said = "\n".join(text for cell in nb.cells if cell.cell_type == "code" for text in texts(cell))
    assert "sample:" not in said and "サンプル:" not in said


@pytest.mark.parametrize(("path", "lang"), NOTEBOOKS)
def test_no_error_no_warning_no_path(nb):
    for cell in (cell for cell in nb.cells if cell.cell_type == "code"):
        assert all(output.output_type != "error" and output.get("name") != "stderr" for output in cell.outputs), cell.id
        for text in texts(cell):
            assert not any(word in text for word in FORBIDDEN), (cell.id, text)


@pytest.mark.parametrize(("path", "lang"), NOTEBOOKS)
def test_every_picture_has_an_alternative_text(nb, lang):
    for cell in (cell for cell in nb.cells if cell.cell_type == "code"):
        if any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) >= 10, f"{cell.id} needs an alt"
            assert bool(re.search(r"[ぁ-んァ-ヶ]", alt)) == (lang == "ja"), cell.id


@pytest.mark.parametrize(("path", "lang"), NOTEBOOKS)
def test_most_outputs_are_compared(nb):
    """Cells whose outputs nbval passes over (other data, other times) are the smaller part."""
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    ignored = ["nbval-ignore-output" in cell.metadata.get("tags", []) for cell in code]
    assert sum(ignored) < 0.5 * len(code)
