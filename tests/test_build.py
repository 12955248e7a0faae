"""The builder: outputs never stale, a second run changes no byte, faults named by lesson and cell."""

import base64

import build
import nbformat
import pytest

LESSON = """---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

+++ {"lang": "ja", "label": "title"}

# 試し

本文です。

+++ {"lang": "en", "label": "title"}

# Trial

Some text.

```{code-cell} ipython3
---
label: sum
---
# ja: 足し算
# en: a sum
1 + 1
```

+++ {"lang": "ja", "label": "picture"}

図です。

+++ {"lang": "en", "label": "picture"}

A figure.

```{code-cell} ipython3
---
label: sliders
alt:
  ja: スライダー
  en: Sliders
tags: [nbval-ignore-output]
---
vae_edu.latent_sliders(vae_edu.ConvVAE())
```
"""


@pytest.fixture
def lesson(tmp_path):
    path = tmp_path / "99_trial.md"
    path.write_text(LESSON, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The lesson above, built once in both languages."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "99_trial.md").write_text(LESSON, encoding="utf-8")
    assert build.build(folder / "99_trial.md", "ja", folder) == "ja/99_trial: executed"
    assert build.build(folder / "99_trial.md", "en", folder) == "en/99_trial: executed"
    return folder


@pytest.fixture
def copy(built, tmp_path):
    """A copy of the built notebooks to spoil."""
    for lang in build.LANGUAGES:
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "99_trial.ipynb").write_text(
            (built / lang / "99_trial.ipynb").read_text("utf-8"), encoding="utf-8"
        )
    return tmp_path


def test_both_languages_have_the_same_code_and_ids(built):
    ja, en = (nbformat.read(built / lang / "99_trial.ipynb", as_version=4) for lang in build.LANGUAGES)
    assert [cell.id for cell in ja.cells] == [cell.id for cell in en.cells]
    assert [cell.id for cell in ja.cells] == ["title", "setup-text", "setup", "sum", "picture", "sliders"]
    assert ja.cells[3].source == "# 足し算\n1 + 1" and en.cells[3].source == "# a sum\n1 + 1"
    assert ja.cells[3].outputs[0].data["text/plain"] == "2"
    assert ja.cells[5].metadata.mystnb.image.alt == "スライダー" and en.cells[5].metadata.mystnb.image.alt == "Sliders"
    assert "label" not in ja.cells[3].metadata and "lang" not in ja.cells[0].metadata
    nbformat.validate(ja)
    nbformat.validate(en)


def test_a_widget_is_stored_as_the_picture_it_shows(built):
    nb = nbformat.read(built / "en" / "99_trial.ipynb", as_version=4)
    (output,) = nb.cells[5].outputs
    assert set(output.data) == {"image/png", "text/plain"}
    assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")
    assert "widgets" not in nb.metadata  # GitHub refuses a notebook whose widget state is incomplete


def test_a_second_run_changes_no_byte(built):
    for lang in build.LANGUAGES:
        before = (built / lang / "99_trial.ipynb").read_bytes()
        assert build.build(built / "99_trial.md", lang, built) == f"{lang}/99_trial: unchanged"
        assert (built / lang / "99_trial.ipynb").read_bytes() == before
        assert build.stale(built / "99_trial.md", lang, built) == []


def test_new_prose_and_comments_keep_the_outputs(copy, lesson):
    lesson.write_text(
        LESSON.replace("Some text.", "Other text.").replace("# en: a sum", "# en: one sum"), encoding="utf-8"
    )
    assert build.stale(lesson, "ja", copy) == []
    assert build.stale(lesson, "en", copy) == [
        "en/99_trial: cell 'title' differs from the lesson",
        "en/99_trial: cell 'sum' differs from the lesson",
    ]
    assert build.build(lesson, "en", copy) == "en/99_trial: text renewed"
    assert build.stale(lesson, "en", copy) == []


def test_new_code_is_executed(copy, lesson):
    lesson.write_text(LESSON.replace("1 + 1", "1 + 2"), encoding="utf-8")
    assert "ja/99_trial: cell 'sum' differs from the lesson" in build.stale(lesson, "ja", copy)
    assert build.build(lesson, "ja", copy) == "ja/99_trial: executed"
    nb = nbformat.read(copy / "ja" / "99_trial.ipynb", as_version=4)
    assert nb.cells[3].outputs[0].data["text/plain"] == "3"


def test_a_change_of_what_it_reaches_makes_a_notebook_stale(copy, lesson, monkeypatch):
    monkeypatch.setattr(build, "reach", lambda code: ["another library"])
    assert build.stale(lesson, "en", copy) == ["en/99_trial: what it reaches of the library changed since it ran"]


def test_a_changed_output_is_found(copy, lesson):
    path = copy / "en" / "99_trial.ipynb"
    nb = nbformat.read(path, as_version=4)
    nb.cells[3].outputs[0].data["text/plain"] = "3"
    nbformat.write(nb, path)
    assert build.stale(lesson, "en", copy) == ["en/99_trial: its outputs are not those that were produced when it ran"]


def test_cells_that_came_or_went_are_named(copy, lesson):
    lesson.write_text(LESSON.replace("label: sum", "label: addition"), encoding="utf-8")
    assert build.stale(lesson, "en", copy) == [
        "en/99_trial: cell 'sum' is no longer in the lesson",
        "en/99_trial: cell 'addition' is new in the lesson",
    ]
    (copy / "ja" / "99_trial.ipynb").unlink()
    assert build.stale(lesson, "ja", copy) == ["ja/99_trial: missing"]


@pytest.mark.parametrize(("lang", "code"), [("ja", "x = 1\n# 終わり"), ("en", "x = 1\n# the end")])
def test_a_comment_at_the_end_of_a_cell_is_in_one_language(lang, code):
    assert build.in_language("x = 1\n# ja: 終わり\n# en: the end", lang) == code


FAULTS = {
    "a twin is missing": (
        '+++ {"lang": "en", "label": "picture"}\n\nA figure.\n',
        "",
        "'picture' (ja) is not followed by its English twin",
    ),
    "a twin has another label": (
        '"en", "label": "picture"',
        '"en", "label": "image"',
        "'picture' (ja) is not followed",
    ),
    "a label is missing": ("label: sum", "tags: []", "needs a label"),
    "a label stands twice": ("label: sliders", "label: sum", "the label stands twice"),
    "no language": ('{"lang": "ja", "label": "picture"}', '{"label": "picture"}', "Markdown without"),
    "a comment without twin": ("# en: a sum\n", "", "comments are not pairs"),
    "alt in one language": ("  en: Sliders\n", "", "alt needs a text in ja and one in en"),
    "another heading": ("# Trial", "## Trial", "'title': heading levels differ"),
    "another formula": ("A figure.", "A figure.\n\n$$\nx\n$$", "'picture': displayed formulas differ"),
    "another name in code": ("A figure.", "A `figure`.", "'picture': code spans differ"),
    "another table": ("A figure.", "| a |\n|---|\n| b |", "'picture': numbers of table rows differ"),
    "not translated": ("図です。", "A figure.", "the Japanese text is not translated"),
    "Japanese left over": ("A figure.", "A figure です.", "the English text has Japanese in it"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_name_lesson_and_cell(lesson, fault):
    assert build.faults(lesson) == []
    old, new, words = FAULTS[fault]
    assert LESSON.count(old) == 1
    lesson.write_text(LESSON.replace(old, new), encoding="utf-8")
    found = build.faults(lesson)
    assert any(words in sentence and sentence.startswith("99_trial: cell ") for sentence in found), found


MARKS = {
    "conflict": ("+++", "<<<<<<< HEAD\n+++", "line 8: git's mark of a conflict, '<<<<<<< HEAD'"),
    "no label": ('"label": "title"', '"tags": []', "cell 0 None needs a label"),
    "no braces": ('{"lang": "ja", "label": "title"}', '"lang": "ja", "label": "title"}', "could not be read"),
}


@pytest.mark.parametrize("case", MARKS)
def test_a_lesson_that_an_editor_or_git_spoilt_is_named_with_the_place(lesson, case, monkeypatch, capsys):
    old, new, words = MARKS[case]
    folder = lesson.parent / "lessons"
    folder.mkdir()
    (folder / lesson.name).write_text(LESSON.replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(build, "HERE", lesson.parent)
    monkeypatch.setattr("sys.argv", ["build.py", "--check"])
    assert build.main() == 1
    said = capsys.readouterr().out
    assert words in said and "99_trial" in said and len(said) < 700, said


def test_a_written_notebook_with_a_conflict_is_named(lesson, monkeypatch, capsys):
    (lesson.parent / "lessons").mkdir()
    lesson.rename(lesson.parent / "lessons" / lesson.name)
    (lesson.parent / "ja").mkdir()
    target = lesson.parent / "ja" / "99_trial.ipynb"
    target.write_text('{\n<<<<<<< HEAD\n "cells": []\n=======\n', encoding="utf-8")
    monkeypatch.setattr(build, "HERE", lesson.parent)
    monkeypatch.setattr("sys.argv", ["build.py"])
    assert build.main() == 1 and f"{target}, line 2: git's mark of a conflict" in capsys.readouterr().out
    with pytest.raises(build.UnusableError, match="git's mark"):
        build.stale(lesson.parent / "lessons" / lesson.name, "ja", lesson.parent)


def test_a_notebook_whose_ids_are_lost_runs_again(built):
    lesson = built / "99_trial.md"
    old, nb = nbformat.read(built / "ja" / "99_trial.ipynb", 4), build.notebook(lesson, "ja")
    assert build.keep_outputs(nb, old)
    for number, cell in enumerate(old.cells):
        cell.id = f"cell-{number}"
    assert not build.keep_outputs(nb, old)
