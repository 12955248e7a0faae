"""The lesson sources: pairs in both languages, budgets, exercises, quizzes, and definitions that equal the library's."""

import ast
import itertools
import re
import statistics
from pathlib import Path

import build
import pytest
import torch

import vae_edu
from vae_edu.checks import EXERCISES, diagnose, unwritten

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
    "MLPVAE": "12_speed",
}


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request):
    return request.param


def code_of(path):
    """The code of the lesson itself: exercises and their solutions aside."""
    return [
        cell.source
        for cell in build.read(path)
        if cell.cell_type == "code" and not re.match("setup$|exercise-", cell.metadata["label"])
    ]


def told(path, lang):
    """The Markdown cells of the lesson itself: exercises and quiz aside."""
    cells = build.notebook(path, lang).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown" and not re.match("exercise-|quiz", cell.id)]


def count(texts, lang):
    """Words or Japanese characters of prose: without tables, formulas, code and addresses."""
    prose = re.sub(r"(?m)^\|.*$", "", "\n".join(texts))
    prose = re.sub(r"(?s)```.*?```|\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|\(https?:[^)]*\)|<[^>]*>", " ", prose)
    return len(re.findall(r"[A-Za-z][\w'’-]*" if lang == "en" else r"[ぁ-んァ-ヶー一-龠々]", prose))


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
        definitions = [node for node in ast.parse(cell).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        assert len(definitions) <= 1, cell
        assert "import *" not in cell, "notebooks/reach.py follows names"


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_prose(lesson, lang):
    for before, cell in itertools.pairwise(build.notebook(lesson, lang).cells):
        assert not (before.cell_type == cell.cell_type == "code"), f"no prose before cell {cell.id!r}"
    low, high = {"en": (600, 2500), "ja": (1500, 6500)}[lang]
    assert low <= count(told(lesson, lang), lang) <= high


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_parts(lesson, lang):
    """Badge, twin, objectives, quiz, what can go wrong, summary and symbol table stand where every lesson has them."""
    cells = build.notebook(lesson, lang).cells
    first, texts = cells[0].source, [cell for cell in cells if cell.cell_type == "markdown"]
    assert re.match(
        rf"# {lesson.stem[:2]} \S.*\n\n\[!\[.*/{lang}/{lesson.stem}\.ipynb.*/{lesson.stem}\.ipynb\)\n", first
    )
    assert len(re.findall(r"^- ", first, re.M)) == 3
    heads = [cell.source.splitlines()[0] for cell in texts]
    assert heads[-3:] == (
        ["## うまくいかないとき", "## まとめ", "## 記号と用語"]
        if lang == "ja"
        else ["## What can go wrong", "## Summary", "## Symbols and terms"]
    )
    assert [cell.id for cell in texts[-9:-3]] == ["quiz", *(f"quiz-{i}" for i in range(1, 6))]
    assert heads[-9] == ("## 確認クイズ" if lang == "ja" else "## Quiz")
    rows = [line for line in texts[-1].source.splitlines() if line.startswith("|")]
    assert len(rows) >= 2 + 5 and all(line.count("|") - line.count("\\|") >= 5 for line in rows)


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_times(lesson, lang):
    """The reading time and the time for exercises and quiz, as stated under the title, follow one rule."""
    minutes = count(told(lesson, lang), lang) / {"en": 200, "ja": 500}[lang] + 0.5 * len(code_of(lesson))
    reading = 5 * round(minutes / 5)
    exercises = len(exercises_of(lesson, lang))
    extra = 5 * exercises + 5
    assert (
        f"読むのにかかる時間: 約 {reading} 分 (演習 {exercises} 問とクイズ 5 問に、さらに約 {extra} 分)"
        if lang == "ja"
        else f"Reading time: about {reading} minutes (and about {extra} more for {exercises} exercises and a quiz)"
    ) in build.notebook(lesson, lang).cells[0].source


def exercises_of(path, lang):
    """The exercise cells of a notebook, each with the three Markdown cells about it: task, hints, solution."""
    cells = build.notebook(path, lang).cells
    return [
        (cell, cells[i - 1], cells[i + 1], cells[i + 2])
        for i, cell in enumerate(cells)
        if cell.cell_type == "code" and cell.id.startswith("exercise-")
    ]


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_exercises(lesson, lang):
    """Two to four exercises: task, skeleton that is checked, two hints, folded solution."""
    found = exercises_of(lesson, lang)
    assert 2 <= len(found) <= 4
    for number, (cell, task, hints, solution) in enumerate(found, start=1):
        name = f"exercise-{number}"
        assert [cell.id, task.id, hints.id, solution.id] == [name, f"{name}-task", f"{name}-hints", f"{name}-solution"]
        head = f"### 演習 {number}: " if lang == "ja" else f"### Exercise {number}: "
        assert head in task.source
        summaries = ["ヒント 1", "ヒント 2"] if lang == "ja" else ["Hint 1", "Hint 2"]
        assert re.findall(r"<details><summary>(.*?)</summary>\n\n[^<]+\n\n</details>", hints.source) == summaries
        function, check = ast.parse(cell.source).body
        assert isinstance(function, ast.FunctionDef) and "..." in ast.unparse(function)
        exercise, argument = check.value.args
        assert ast.unparse(check.value.func) == "vae_edu.check" and argument.id == function.name
        assert exercise.value in EXERCISES


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_an_untouched_exercise_is_said_to_be_just_that(lesson, lang):
    """Whatever the tables of the checks hold: on this notebooks/reach.py relies."""
    vae_edu.set_language(lang)
    for cell, *_ in exercises_of(lesson, lang):
        names = {"vae_edu": vae_edu, "torch": torch}
        skeleton, _, check = cell.source.rpartition("\n")
        exec(skeleton, names)
        exercise, function = re.fullmatch(r'vae_edu\.check\("(\w+)", (\w+)\)', check).groups()
        assert diagnose(exercise, names[function]) == unwritten()


def test_every_exercise_stands_in_one_lesson():
    names = [
        re.search(r'vae_edu\.check\("(\w+)"', cell.source)[1]
        for path in LESSONS
        for cell, *_ in exercises_of(path, "en")
    ]
    assert sorted(names) == sorted(EXERCISES)


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_quiz(lesson, lang):
    """Five questions; every choice has an explanation, one of them is right, and it is not always the same letter."""
    right = []
    for i in range(1, 6):
        text = next(cell.source for cell in build.notebook(lesson, lang).cells if cell.id == f"quiz-{i}")
        assert text.startswith(f"**{'問' if lang == 'ja' else 'Question '}{i}**")
        choices = re.findall(
            r"<details><summary>([A-D])\. [^<$]+(?:<code>[^<]*</code>[^<$]*)*</summary>\n\n(.+?)\n\n</details>",
            text,
            re.S,
        )
        assert [letter for letter, _ in choices] == list("ABCD")[: len(choices)] and 3 <= len(choices) == text.count(
            "<details>"
        )
        verdicts = [re.match("✅ 正解。|❌ |✅ Right\\. |❌ ", explanation)[0].strip() for _, explanation in choices]
        assert all(len(explanation) > 25 for _, explanation in choices)
        assert len([verdict for verdict in verdicts if verdict.startswith("✅")]) == 1
        right.append([verdict.startswith("✅") for verdict in verdicts].index(True))
    assert len(set(right)) >= 2


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_predictions(lesson, lang):
    """At least two predictions are asked for, kept in a variable, and shown beside the result."""
    cells = build.notebook(lesson, lang).cells
    asked = "**予想してから実行**" if lang == "ja" else "**Predict before you run**"
    kept = [i for i, cell in enumerate(cells) if cell.cell_type == "code" and "vae_edu.compare(" in cell.source]
    assert len(kept) >= 2
    for i in kept:
        assert asked in cells[i - 1].source and cells[i].source.startswith("prediction = ...\n")


def test_every_taught_definition_is_the_librarys():
    """Docstrings, and the argument checks that a lesson leaves out (`require_...`), aside."""
    library = {
        node.name: node
        for path in sorted(LIBRARY.glob("*.py"))
        for node in ast.parse(path.read_text("utf-8")).body
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
