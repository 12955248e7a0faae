"""Every lesson with its exercises solved: the worked solutions go through their checks, and the lesson still runs."""

import re

import build
import pytest
from nbclient import NotebookClient
from test_lessons import LESSONS, exercises_of


def solved(path, lang):
    """The notebook of a lesson with every skeleton replaced by its worked solution, and the labels of those cells."""
    nb = build.notebook(path, lang)
    cells, labels = {cell.id: cell for cell in nb.cells}, []
    for exercise, _, _, solution in exercises_of(path, lang):
        code = re.search(r"```python\n(.*)\n```", solution.source, re.S)[1]
        check = exercise.source.splitlines()[-1]
        cells[exercise.id].source = f"{code}\n\n\n{check}"
        labels.append(exercise.id)
    return nb, labels


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_solved_lesson_runs_to_its_end(path, tmp_path, monkeypatch):
    """In one language: the code of both is the same, as test_build shows."""
    monkeypatch.setenv("VAE_EDU_DATA", "sample")
    monkeypatch.setenv("VAE_EDU_STRICT", "1")
    nb, labels = solved(path, "ja")
    NotebookClient(nb, timeout=180, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = {cell.id: cell.outputs[-1].text for cell in nb.cells if cell.id in labels}
    assert set(said.values()) == {"✅ 正解です。\n"}
