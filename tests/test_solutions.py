"""The worked solutions of the exercises pass their checks, and no other cell depends on an exercise.

So a lesson runs to its end whether its exercises are solved or not: nbval runs it unsolved, and test_checks.py shows
that a check leaves everything as it was.
"""

import re
import symtable

import build
import pytest
from test_lessons import LESSONS, exercises_of

import vae_edu


def bound(source):
    """The names that a cell gives to the cells after it."""
    symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}


def read(source):
    """The names of its notebook that a cell uses: the variables of its functions aside."""
    tables, names = [symtable.symtable(source, "cell", "exec")], set()
    while tables:
        table = tables.pop()
        everywhere = table.get_type() == "module"
        names |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (everywhere or s.is_global())}
        tables += table.get_children()
    return names


def code_before(nb, exercise, source):
    """The cells before an exercise that its solution needs, directly or through others."""
    cells = [cell for cell in nb.cells if cell.cell_type == "code"]
    needed, names = [], read(source)
    for cell in reversed(cells[1 : [cell.id for cell in cells].index(exercise)]):  # the first is the set-up cell
        if not cell.id.startswith("exercise-") and bound(cell.source) & names:
            needed.insert(0, cell.source)
            names |= read(cell.source)
    return needed


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_worked_solutions_are_right(path, monkeypatch, capsys):
    """In one language: the code of both is the same, as test_build shows."""
    monkeypatch.setenv("VAE_EDU_STRICT", "1")
    nb = build.notebook(path, "en")
    for exercise, _, _, solution in exercises_of(path, "en"):
        code = re.search(r"```python\n(.*)\n```", solution.source, re.S)[1]
        names = {"vae_edu": vae_edu}
        for source in [*code_before(nb, exercise.id, code), code]:
            exec(source, names)
        capsys.readouterr()
        exec(exercise.source.splitlines()[-1], names)
        assert capsys.readouterr().out == "✅ Correct.\n"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_no_other_cell_depends_on_an_exercise(path):
    nb = build.notebook(path, "en")
    exercises = {cell.id: bound(cell.source) for cell, *_ in exercises_of(path, "en")}
    for cell in (cell for cell in nb.cells if cell.cell_type == "code"):
        others = set().union(*(names for name, names in exercises.items() if name != cell.id))
        assert cell.id == "setup" or not others & read(cell.source), cell.id
