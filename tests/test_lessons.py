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
    "nearest_distance": "02_autoencoder",
    "VAEOutput": "03_network",
    "reparameterize": "03_network",
    "ConvVAE": "03_network",
    "MLPVAE": "03_network",
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
    """The code of the lesson itself: exercises and their solutions, and the experiment, aside."""
    return [
        cell.source
        for cell in build.read(path)
        if cell.cell_type == "code" and not re.match("setup$|exercise-|experiment", cell.metadata["label"])
    ]


def told(path, lang):
    """The Markdown cells of the lesson itself: folds, exercises, experiment and quiz aside."""
    cells = build.notebook(path, lang).cells
    return [
        re.sub(r"(?s)<details>.*?</details>", "", cell.source)
        for cell in cells
        if cell.cell_type == "markdown" and not re.match("exercise-|experiment|quiz", cell.id)
    ]


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
        assert not re.search(r"\btr\(|vae_edu\.language|withStroke", cell), f"the course's own machinery:\n{cell}"


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_prose(lesson, lang):
    for before, cell in itertools.pairwise(build.notebook(lesson, lang).cells):
        assert not (before.cell_type == cell.cell_type == "code"), f"no prose before cell {cell.id!r}"
    low, high = {"en": (1000, 2500), "ja": (2500, 6500)}[lang]
    assert low <= count(told(lesson, lang), lang) <= high


ENDS = {
    "ja": ["## うまくいかないとき", "## まとめ", "## 記号と用語", "## 参考文献"],
    "en": ["## What can go wrong", "## Summary", "## Symbols and terms", "## References"],
}


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_parts(lesson, lang):
    """Badge, twin, needs, objectives, quiz, what can go wrong, summary, terms and references stand where every lesson has them."""
    cells = build.notebook(lesson, lang).cells
    first, texts = cells[0].source, [cell for cell in cells if cell.cell_type == "markdown"]
    number = lesson.stem[:2] if lesson.stem < "16" else {"ja": "付録:", "en": "Appendix:"}[lang]
    assert re.match(rf"# {number} \S.*\n\n\[!\[.*/{lang}/{lesson.stem}\.ipynb.*/{lesson.stem}\.ipynb\)\n", first)
    assert len(re.findall(r"^- ", first, re.M)) == 3
    assert re.search({"ja": r"^必要なもの: \S", "en": r"^You need: \S"}[lang], first, re.M)
    assert [cell.source.splitlines()[0] for cell in texts[-4:]] == ENDS[lang]
    assert [cell.id for cell in texts[-10:-4]] == ["quiz", *(f"quiz-{i}" for i in range(1, 6))]
    assert texts[-10].source.startswith({"ja": "## 確認クイズ", "en": "## Quiz"}[lang])
    rows = [line for line in texts[-2].source.splitlines() if line.startswith("|")]
    assert len(rows) >= 2 + 5 and all(line.count("|") - line.count("\\|") >= 5 for line in rows)
    assert 2 <= len(re.findall(r"^- .*https?://", texts[-1].source, re.M)) <= 4


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_times(lesson, lang):
    """The times under the title are estimates, the same in both languages, and follow one rule.

    250 Japanese characters and one cell a minute; ten minutes for each exercise, the experiment and the quiz.
    """
    minutes = 5 * round((count(told(lesson, "ja"), "ja") / 250 + len(code_of(lesson))) / 5)
    more = 10 * (len(exercises_of(lesson, lang)) + 2)
    assert (
        f"学習時間の目安: 読んで実行するのに約 {minutes} 分、演習・実験・クイズに約 {more} 分 (授業で計った時間ではなく、見積もりです)"
        if lang == "ja"
        else f"Estimated time: about {minutes} minutes to read and run, and about {more} more for exercises, experiment and quiz (not yet timed in a class)"
    ) in build.notebook(lesson, lang).cells[0].source


@pytest.mark.parametrize("lang", build.LANGUAGES)
def test_experiment(lesson, lang):
    """One thing to change: a prediction, a value, a run, two sentences to write and what one could write; no tick."""
    cells = build.notebook(lesson, lang).cells
    (i,) = [i for i, cell in enumerate(cells) if cell.id == "experiment"]
    task, cell, report = cells[i - 1 : i + 2]
    assert [task.id, report.id] == ["experiment-task", "experiment-report"]
    assert re.search({"ja": r"^### 実験: \S", "en": r"^### Experiment: \S"}[lang], task.source, re.M)
    kept, comment, value = cell.source.splitlines()[:3]
    assert kept == "prediction = ..."
    assert comment == {"ja": "# 次の行だけを変える", "en": "# change only the next line"}[lang]
    assert isinstance(ast.literal_eval(ast.parse(value).body[0].value), int | float | str | bool)
    assert "vae_edu.compare(prediction, " in cell.source and "vae_edu.check(" not in cell.source
    assert len(cell.source.splitlines()) <= 25
    fold = {"ja": "<details><summary>書き方の例</summary>", "en": "<details><summary>What one could write</summary>"}
    assert fold[lang] in report.source


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
    """Five questions; every choice has an explanation, and neither its letter nor its length tells the right one."""
    right, longest = [], []
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
        lengths = [len(choice) for choice in re.findall(r"<summary>(.*?)</summary>", text)]
        longest.append(max(lengths) == lengths[right[-1]] and lengths.count(max(lengths)) == 1)
    assert len(set(right)) >= 2
    assert sum(longest) <= 1, "the right choice is the longest one too often"


# Words that the course does not use in Japanese, and what it says in their place (course.md, "Japanese").
FORBIDDEN = {
    r"個の数(?![値字え])|2 つの数(?![値字])": "数値",
    r"(点|乱数|値|サンプル|z\$?) ?を引[いくかけ]|から引[いくか]": "サンプリングする",
    r"要[りるら](?![くさな])": "必要です",
    r"\bnats\b|\bbits\b": "nat、ビット",
    r"データ不足": "データ待ち",
    r"硬貨": "コイン",
    r"橙|オレンジの道|青い道|2 つの道": "オレンジ、経路",
    r"全て": "すべて",
    r"[のいるた]方[がはをにで、](?!法)": "ほう",
    r"ヘッド": "fc_mu と fc_logvar",
    r"変分下限": "変分下界",
    r"払[いうわっ]|代価|罰|自信": "引き換えに、コスト、ペナルティ",
    r"本当の事後": "真の事後分布",
    r"符号を変え": "−1 を掛けた",
    r"揃": "そろ",
    r"見方です": "(述語を人や動作に)",
    r"探し出": "検出する",
    r"ネットワークに答えさせ|損失が問う|損失は決め": "出力する、定まる",
}


def test_words(lesson):
    """One Japanese term for one idea, and none of the habits of translated text."""
    for cell in build.notebook(lesson, "ja").cells:
        text = re.sub(r"(?s)```.*?```|`[^`]*`", " ", cell.source)
        if cell.cell_type == "code":
            text = "\n".join(re.findall(r"#.*", cell.source))
        for pattern, instead in FORBIDDEN.items():
            found = re.search(rf".{{0,20}}(?:{pattern}).{{0,20}}", text)
            assert not found, f"{cell.id}: {found[0]!r}; say {instead}"


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
