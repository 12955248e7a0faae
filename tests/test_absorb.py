"""Edited notebooks come back: every edit is in the lesson, and made again by the builder, or it is reported in full."""

import functools
import json
import random
import re
import subprocess
import textwrap

import absorb
import build
import nbformat
import pytest
from test_build import LESSON

LESSONS = sorted((build.HERE / "lessons").glob("*.md"))
MORE = """
+++ {"lang": "ja", "label": "exercise-1-task"}

### 演習

関数 `double` を書いてください。

+++ {"lang": "en", "label": "exercise-1-task"}

### Exercise

Write the function `double`.

```{code-cell} ipython3
---
label: exercise-1
---
def double(x):
    return ...
```

```{code-cell} ipython3
---
label: exercise-1-solution
tags: [solution]
---
def double(x):
    # ja: 同じものを足す
    # en: add the same
    return x + x
```

```{code-cell} ipython3
---
label: guess
---
prediction = ...
total = 0
for n in range(3):
    # ja: 順に足す
    # en: add one by one
    total += n
print(total)
```

+++ {"lang": "ja", "label": "end"}

おわりです。ここまで読んでくれてありがとうございました。

+++ {"lang": "en", "label": "end"}

The end. Thank you for having read as far as this line.
"""
WORDS = {
    "ja": {
        "old": "図です。", "new": "大きな図です。", "comment": "# 足し算", "sum": "# たし算", "fresh": "# もう一度",
        "solution": "# 同じものを足す", "title": "本文です。", "loop": "# 順に足す",
    },
    "en": {
        "old": "A figure.", "new": "A large figure.", "comment": "# a sum", "sum": "# one sum", "fresh": "# once more",
        "solution": "# add the same", "title": "Some text.", "loop": "# add one by one",
    },
}  # fmt: skip


def as_colab(nb, ids=False):
    """What Colab makes of a notebook: an older format, its own ids, widgets without their state, a cell at the end."""
    cells = [
        {
            "cell_type": cell["cell_type"],
            "source": cell["source"].splitlines(keepends=True),
            "metadata": {"id": cell["id"] if ids else f"q{n}Zx", "colab": {"base_uri": "https://localhost:8080/"}},
        }
        for n, cell in enumerate(nb["cells"])
    ]
    for n, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            cell["metadata"]["outputId"] = f"{n}-9074b54e"
            cell |= {"execution_count": n, "outputs": [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}]}
    badge = {"cell_type": "markdown", "metadata": {"id": "view-in-github"}, "source": ["<a href='x'><img/></a>"]}
    empty = {"cell_type": "code", "metadata": {"id": "last"}, "source": [], "outputs": [], "execution_count": None}
    widgets = {"application/vnd.jupyter.widget-state+json": {"a1": {"model_name": "HBoxModel"}}}
    metadata = {"colab": {"provenance": []}, "widgets": widgets, "kernelspec": {"name": "python3"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 0, "metadata": metadata, "cells": [badge, *cells, empty]})


def as_jupyter(nb):
    """What Jupyter makes of it: ids kept, the machine's Python named, an empty cell at the end."""
    nb = json.loads(json.dumps(nb))
    nb["metadata"] = {"language_info": {"name": "python", "version": "3.13.5", "mimetype": "text/x-python"}}
    nb["cells"].append({"cell_type": "markdown", "id": "5e1f", "metadata": {}, "source": "\n"})
    for cell in nb["cells"]:
        cell["metadata"] |= {"scrolled": True}
        cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(nb, indent=1)


def as_windows(nb):
    """Other ends of lines, spaces at their ends, a byte order mark, no ids at all."""
    cells = [{**cell, "source": cell["source"].replace("\n", " \r\n") + "\r\n"} for cell in nb["cells"]]
    for cell in cells:
        del cell["id"]
    return "\ufeff" + json.dumps({**nb, "nbformat_minor": 2, "cells": cells})


SAVES = {
    "colab": as_colab,
    "colab with ids": functools.partial(as_colab, ids=True),
    "jupyter": as_jupyter,
    "windows": as_windows,
}


READ = build.read
KEPT = {}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The same text is parsed once, and the library, which no notebook here needs, is not read."""

    def read(path):
        text = path.read_bytes()
        if text not in KEPT:
            KEPT[text] = READ(path)
        return list(KEPT[text])

    monkeypatch.setattr(build, "read", read)
    monkeypatch.setattr(build, "reach", lambda code: [])


@pytest.fixture(params=build.LANGUAGES)
def lang(request):
    return request.param


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The folder of a course with one lesson, whose notebooks are committed."""
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "99_trial.md").write_text(LESSON + MORE, encoding="utf-8")
    monkeypatch.setattr(absorb, "HERE", tmp_path)
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return tmp_path


def git(folder, *args):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *args], check=True, capture_output=True)


def commit(course):
    """Build, without running, and commit the notebooks."""
    for lang in build.LANGUAGES:
        (course / lang).mkdir(exist_ok=True)
        nbformat.write(build.notebook(course / "lessons" / "99_trial.md", lang), course / lang / "99_trial.ipynb")
    git(course, "add", "-A")
    git(course, "commit", "-q", "-m", "build")


def text_of(course):
    return (course / "lessons" / "99_trial.md").read_text("utf-8")


def notebook(course, lang):
    """The notebook as a teacher opens it, as plain dictionaries."""
    return json.loads((course / lang / "99_trial.ipynb").read_text("utf-8")) | {"nbformat_minor": 5}


def opened(course, lang):
    """The notebook with its sources as strings, and its cells by label."""
    nb = notebook(course, lang)
    for cell in nb["cells"]:
        cell["source"] = "".join(cell["source"])
    return nb, {cell["id"]: cell for cell in nb["cells"]}


def back(course, nb, save=as_jupyter, name="99_trial.ipynb", **options):
    """Save the notebook somewhere else and absorb it: what was said, and the status."""
    path = course / name
    path.write_text(save(nb), encoding="utf-8")
    said, status = absorb.absorb(path, **options)
    return "\n".join(said), status


def edit(course, lang, label, old, new, save=as_jupyter, **options):
    nb, cells = opened(course, lang)
    assert cells[label]["source"].count(old) == 1
    cells[label]["source"] = cells[label]["source"].replace(old, new)
    return *back(course, nb, save, **options), cells[label]["source"]


def shown(text):
    return textwrap.indent(text, "  | ", lambda line: True)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_an_unedited_notebook_changes_nothing(path, lang, tmp_path, monkeypatch):
    monkeypatch.setattr(absorb, "made", functools.cache(absorb.made))
    monkeypatch.setattr(absorb, "versions", lambda name, lang: [])
    before = path.read_bytes()
    nb = build.notebook(path, lang)
    for name, save in SAVES.items():
        copy = tmp_path / f"{path.stem}.ipynb"
        copy.write_text(save(nb), encoding="utf-8")
        said, status = absorb.absorb(copy, check=True)
        assert (len(said), status) == (1, 0), (name, said)
    assert path.read_bytes() == before


@pytest.mark.parametrize("save", SAVES)
def test_prose_is_carried_and_its_twin_named(course, lang, save):
    words, before, other = WORDS[lang], text_of(course), "English" if lang == "ja" else "Japanese"
    said, status, _ = edit(course, lang, "picture", words["old"], words["new"], SAVES[save])
    assert status == 0 and f"carried: 'picture'; its {other} text may need the same change" in said
    assert text_of(course) == before.replace(words["old"], words["new"])


@pytest.mark.parametrize("save", SAVES)
def test_code_is_carried_to_both_languages(course, lang, save):
    before = text_of(course)
    said, status, _ = edit(course, lang, "sum", "1 + 1", "1 + 2\n2 + 2", SAVES[save])
    assert status == 0 and "notebook's code changes too" in said and "comment" not in said
    assert text_of(course) == before.replace("1 + 1", "1 + 2\n2 + 2")


def test_no_save_without_edits_changes_a_byte(course, lang):
    before = text_of(course)
    for save in SAVES.values():
        said, status = back(course, opened(course, lang)[0], save)
        assert status == 0 and said.count("\n") == 0
    assert text_of(course) == before and not list((course / "lessons").glob("*/"))


def test_check_changes_nothing(course, lang):
    before = text_of(course)
    said, status, _ = edit(course, lang, "picture", WORDS[lang]["old"], WORDS[lang]["new"], check=True)
    assert status == 0 and "would carry: 'picture'" in said and text_of(course) == before


def test_the_first_cell_loses_the_badge_again(course, lang):
    words, before = WORDS[lang], text_of(course)
    _, status, _ = edit(course, lang, "title", words["title"], words["title"] * 2)
    assert status == 0 and text_of(course) == before.replace(words["title"], words["title"] * 2)


def test_a_badge_is_not_carried(course, lang):
    words, before = WORDS[lang], text_of(course)
    for old, new in [("[![", "Mine [!["), ("badge.svg", "badge.png"), ("\n\n[![", "\n[![")]:
        said, status, source = edit(course, lang, "title", old, new)
        assert status == 1 and "'title': what was edited belongs to notebooks/build.py" in said
        assert shown(source) in said and text_of(course) == before
    nb, cells = opened(course, lang)
    source = cells["title"]["source"].replace("badge.svg", "badge.png").replace(words["title"], words["title"] * 2)
    cells["title"]["source"] = source
    said, status = back(course, nb)
    assert status == 1 and "'title': a part of it belongs to notebooks/build.py" in said and shown(source) in said
    assert text_of(course) == before.replace(words["title"], words["title"] * 2)


@pytest.mark.parametrize(("label", "old"), [("setup", "import vae_edu\nexcept"), ("setup-text", "`vae_edu`")])
def test_the_set_up_is_not_carried(course, lang, label, old):
    before = text_of(course)
    said, status, source = edit(course, lang, label, old, "x" + old)
    assert status == 1 and f"{label!r}: it belongs to notebooks/build.py" in said and shown(source) in said
    assert text_of(course) == before


def test_a_solution_goes_back_into_its_code(course, lang):
    before = text_of(course)
    _, status, _ = edit(course, lang, "exercise-1-solution", "x + x", "2 * x", as_colab)
    assert status == 0 and text_of(course) == before.replace("x + x", "2 * x")


def test_the_frame_of_a_solution_is_not_carried(course, lang):
    before = text_of(course)
    for old, new, words in [
        ("<details>", "<details open>", "what was edited belongs to notebooks/build.py"),
        ("```python", "```", "no code is left in it"),
    ]:
        said, status, source = edit(course, lang, "exercise-1-solution", old, new)
        assert status == 1 and words in said and shown(source) in said
        assert text_of(course) == before
    nb, cells = opened(course, lang)
    source = cells["exercise-1-solution"]["source"].replace("<details>", "<details open>").replace("x + x", "2 * x")
    cells["exercise-1-solution"]["source"] = source
    said, status = back(course, nb)
    assert status == 1 and "a part of it belongs to notebooks/build.py" in said and shown(source) in said
    assert text_of(course) == before.replace("x + x", "2 * x")


def test_a_comment_rewritten_in_place_keeps_its_twin(course, lang):
    words, before, other = WORDS[lang], text_of(course), WORDS["en" if lang == "ja" else "ja"]
    for save in SAVES.values():
        (course / "lessons" / "99_trial.md").write_text(before, encoding="utf-8")
        said, status, _ = edit(course, lang, "sum", words["comment"], words["sum"], save)
        assert status == 0 and "code changes" not in said
        assert f"comment {other['comment'][2:]!r} may need the same change" in said
        old, new = (f"# {lang}: {words[key][2:]}" for key in ("comment", "sum"))
        assert text_of(course) == before.replace(old, new)


def test_a_comment_written_without_a_space_is_a_comment(course, lang):
    words, before = WORDS[lang], text_of(course)
    _, status, _ = edit(course, lang, "sum", words["comment"], words["sum"].replace("# ", "#"))
    old, new = (f"# {lang}: {words[key][2:]}" for key in ("comment", "sum"))
    assert status == 0 and text_of(course) == before.replace(old, new)


def test_a_comment_that_moves_with_its_code_keeps_its_twin(course, lang):
    before, loop = text_of(course), WORDS[lang]["loop"]
    nb, cells = opened(course, lang)
    cells["guess"]["source"] = f"prediction = ...\n{loop}\ntotal = sum(\n    [0, 1, 2])\nprint(total)"
    said, status = back(course, nb, as_colab)
    assert status == 0 and "comment" not in said
    start, end = before.index("total = 0"), before.index("print(total)")
    pair = "# ja: 順に足す\n# en: add one by one\n"
    assert text_of(course) == f"{before[:start]}{pair}total = sum(\n    [0, 1, 2])\n{before[end:]}"


def test_a_comment_that_is_gone_is_gone_in_both_languages(course, lang):
    before, loop = text_of(course), WORDS[lang]["loop"]
    said, status, _ = edit(course, lang, "guess", f"    {loop}\n", "")
    assert status == 0 and "is gone" in said
    assert text_of(course) == before.replace("    # ja: 順に足す\n    # en: add one by one\n", "")


def test_a_new_comment_waits_for_its_translation(course, lang):
    before, fresh = text_of(course), WORDS[lang]["fresh"]
    said, status, _ = edit(course, lang, "sum", "1 + 1", f"1 + 1\n{fresh}\n1 + 2")
    assert status == 1 and "to mend: 99_trial: cell 5 'sum': its comments are not pairs" in said
    assert text_of(course) == before.replace("1 + 1", f"1 + 1\n# {lang}: {fresh[2:]}\n1 + 2")
    commit(course)
    said, status, source = edit(course, "en" if lang == "ja" else "ja", "sum", "1 + 1", "1 + 3")
    assert status == 1 and "wait for their translation" in said and shown(source) in said


def test_it_is_never_guessed_whose_twin_a_comment_keeps(course, lang):
    before, words = text_of(course), WORDS[lang]
    said, status, _ = edit(
        course, lang, "sum", f"{words['comment']}\n1 + 1", f"{words['fresh']}\n{words['sum']}\n1 + 2"
    )
    other = "en" if lang == "ja" else "ja"
    assert status == 1 and "its comments are not pairs" in said
    lines = [f"# {other}: {WORDS[other]['comment'][2:]}", *(f"# {lang}: {words[key][2:]}" for key in ("fresh", "sum"))]
    assert text_of(course) == before.replace("# ja: 足し算\n# en: a sum\n1 + 1", "\n".join([*lines, "1 + 2"]))


def test_no_twin_is_lost_between_equal_comments(course, lang):
    other = "en" if lang == "ja" else "ja"
    pairs = "".join(f"# ja: あ{n if other == 'ja' else ''}\n# en: a{n if other == 'en' else ''}\n{n}\n" for n in (1, 2))
    change(course, "# ja: 足し算\n# en: a sum\n1 + 1\n", pairs)
    commit(course)
    before = text_of(course)
    said, status, source = edit(course, lang, "sum", "\n2", "\n3")
    assert status == 1 and "two comments of it read the same here" in said and shown(source) in said
    assert text_of(course) == before


def test_no_twin_is_lost_under_equal_comments(course, lang):
    change(course, "# ja: 足し算\n# en: a sum\n1 + 1\n", "# ja: あ\n# en: a\n# ja: い\n# en: b\n1 + 1\n")
    change(course, WORDS[lang]["title"], WORDS[lang]["title"] * 2)  # so that the new commit is clearly the closest
    commit(course)
    other, one, two = ("en", "# あ\n# い", "# う\n# う") if lang == "ja" else ("ja", "# a\n# b", "# c\n# c")
    said, status, _ = edit(course, lang, "sum", one, two)
    assert status == 1 and "comments are not pairs" in said
    assert all(f"# {other}: {word}\n" in text_of(course) for word in (["a", "b"] if other == "en" else ["あ", "い"]))


LEFT = {
    "a skeleton": ("exercise-1", "return ...", "return 2 * x", "a skeleton is for learners"),
    "a prediction": ("guess", "prediction = ...", "prediction = 7", "its `...` is for learners"),
    "an attachment": ("end", "。|. ", "![](attachment:image.png)", "a picture was pasted in"),
    "a picture": ("end", "。|. ", f"![](data:image/png;base64,{'iVBOR' * 99})", "a picture was pasted in"),
    "Japanese in code": ("sum", "1 \\+ 1", 'print("合計", 1 + 1)', "its Japanese would stand in English code too"),
    "Japanese beside code": ("sum", "1 \\+ 1", "1 + 1  # 合計", "its Japanese would stand in English code too"),
    "a cell of a lesson": ("end", "$", '\n\n+++ {"lang": "ja", "label": "x"}\n\nx', "the lesson cannot hold it"),
    "a fence left open": ("picture", "$", "\n\n```python\nx", "the lesson cannot hold it"),
    "a fence in code": ("sum", "1 \\+ 1", '"""\n```\n"""', "the lesson cannot hold it"),
    "a magic": ("sum", "1 \\+ 1", "!ls", "the builder reads plain Python only"),
    "half a line": ("sum", "1 \\+ 1", "x = (1", "the builder reads plain Python only"),
    "an open text": ("sum", "1 \\+ 1", 'x = """1', "the builder reads plain Python only"),
    "a marked comment": ("sum", "1 \\+ 1", "1 + 1\n# en: x\n2", "the lesson cannot hold it"),
}


@pytest.mark.parametrize("case", LEFT)
def test_what_is_not_for_the_lesson_is_shown_in_full(course, lang, case):
    before, (label, old, new, words) = text_of(course), LEFT[case]
    nb, cells = opened(course, lang)
    source = re.sub(old, lambda found: new, cells[label]["source"], count=1)
    assert source != cells[label]["source"]
    cells[label]["source"] = source
    said, status = back(course, nb)
    assert status == 1 and f"{label!r}: {words}" in said and text_of(course) == before
    assert (shown(source) in said) == ("data:image" not in source)  # 100 kB of a picture help nobody


def test_english_comments_are_not_in_japanese(course):
    before = text_of(course)
    said, status, _ = edit(course, "en", "sum", "# a sum", "# 合計")
    assert status == 1 and "its Japanese would stand in English code too" in said and text_of(course) == before


def test_code_that_speaks_both_languages_is_carried(course, lang):
    before, call = text_of(course), 'print(vae_edu.tr(ja="合計", en="sum"), 1 + 1)'
    _, status, _ = edit(course, lang, "sum", "1 + 1", call)
    assert status == 0 and text_of(course) == before.replace("1 + 1", call)


def test_faults_that_an_edit_makes_are_listed(course, lang):
    said, status, _ = edit(course, lang, "picture", WORDS[lang]["old"], f"`x` {WORDS[lang]['new']}")
    assert status == 1 and "carried: 'picture'" in said
    assert "to mend: 99_trial: cell 6 'picture': code spans differ" in said


@pytest.mark.parametrize("save", SAVES)
def test_new_moved_and_deleted_cells_are_shown_in_full(course, lang, save):
    before = text_of(course)
    nb, cells = opened(course, lang)
    new = {"cell_type": "markdown", "id": "abcd", "metadata": {}, "source": "Quite another thing.\n\nIn two lines."}
    nb["cells"].remove(cells["picture"])
    nb["cells"].remove(cells["end"])
    nb["cells"].insert(1, cells["end"])
    nb["cells"].append(new)
    said, status = back(course, nb, SAVES[save])
    assert status == 1 and text_of(course) == before
    assert f"left: 'picture' was deleted; the lesson keeps it\n  it was:\n{shown(cells['picture']['source'])}" in said
    assert f"left: 'end' was moved: it stands after 'title'\n  notebook:\n{shown(cells['end']['source'])}" in said
    assert (
        f"left: a new cell (markdown) stands after 'guess'\n  notebook:\n{shown(new['source'])}" in said
        and said.count("left:") == 3
    )


def test_a_cell_that_moved_is_carried_by_its_id(course, lang):
    before, old, new = text_of(course), WORDS[lang]["old"], "🖼️🖼️🖼️🖼️"
    nb, cells = opened(course, lang)
    cells["picture"]["source"] = new
    nb["cells"].remove(cells["picture"])
    nb["cells"].append(cells["picture"])
    said, status = back(course, nb, SAVES["colab with ids"])
    assert status == 1 and "'picture' was moved: it stands after 'end'" in said
    assert text_of(course) == before.replace(old, new)


def test_a_break_in_a_line_of_prose_is_an_edit(course, lang):
    before, old = text_of(course), WORDS[lang]["old"]
    _, status, _ = edit(course, lang, "picture", old, f"{old}  \n{old}")
    assert status == 0 and text_of(course) == before.replace(old, f"{old}  \n{old}")


def test_a_figure_has_alternative_texts(course, lang):
    before, old = text_of(course), "vae_edu.ConvVAE()"
    said, status, _ = edit(course, lang, "sliders", old, "model")
    assert status == 0 and "alternative texts" in said and text_of(course) == before.replace(old, "model")


def test_an_emptied_cell_is_a_deleted_one(course, lang):
    before = text_of(course)
    said, status, _ = edit(course, lang, "picture", WORDS[lang]["old"], " \n")
    assert status == 1 and "'picture' was deleted" in said and text_of(course) == before


def test_a_cell_of_another_kind_is_another_cell(course, lang):
    before = text_of(course)
    nb, cells = opened(course, lang)
    cells["sum"] |= {"cell_type": "raw"}
    said, status = back(course, nb)
    assert status == 1 and "'sum' was deleted" in said and "a new cell (raw) stands after 'setup'" in said
    assert text_of(course) == before


@pytest.mark.parametrize("save", ["colab", "jupyter"])
def test_a_split_or_merged_cell_is_left_whole(course, lang, save):
    before = text_of(course)
    nb, cells = opened(course, lang)
    head, tail = cells["guess"]["source"].split("for ")
    cells["guess"]["source"] = head
    at = nb["cells"].index(cells["guess"]) + 1
    rest = {"cell_type": "code", "id": "ab", "metadata": {}, "source": f"for {tail}", "outputs": []}
    nb["cells"].insert(at, rest)
    said, status = back(course, nb, SAVES[save])
    assert status == 1 and text_of(course) == before
    assert shown(head.strip()) in said and shown(rest["source"]) in said

    nb, cells = opened(course, lang)
    cells["picture"]["source"] += "\n\n" + cells["exercise-1-task"]["source"]
    nb["cells"].remove(cells["exercise-1-task"])
    said, status = back(course, nb)
    assert status == 1 and "'picture': it was merged with a cell that is now missing" in said
    assert text_of(course) == before


@pytest.mark.parametrize("save", SAVES)
def test_a_cell_written_anew_is_found_by_its_place(course, lang, save):
    before, old = text_of(course), WORDS[lang]["old"]
    new = "まったく別の話をしましょう。" if lang == "ja" else "Let us talk about something else."
    _, status, _ = edit(course, lang, "picture", old, new, SAVES[save])
    assert status == 0 and text_of(course) == before.replace(old, new)


def test_neighbours_are_told_apart_by_their_words(course, lang):
    before = text_of(course)
    nb, cells = opened(course, lang)
    solution, end = cells["exercise-1-solution"], cells["end"]
    nb["cells"] = [cell for cell in nb["cells"] if cell["id"] not in ("exercise-1-task", "exercise-1", "guess", "end")]
    solution["source"] = solution["source"].replace("x + x", "2 * x")
    nb["cells"].append({"cell_type": "markdown", "id": "", "metadata": {}, "source": "🖼️🖼️🖼️🖼️"})
    nb["cells"].append(end | {"source": end["source"] + "!"})
    said, status = back(course, nb, as_colab)
    assert text_of(course) == before.replace("x + x", "2 * x").replace(end["source"], end["source"] + "!")
    assert status == 1 and "a new cell (markdown) stands after 'exercise-1-solution'" in said
    assert re.findall("left: '(.*)' was deleted", said) == ["exercise-1-task", "exercise-1", "guess"]


def test_two_copies_of_a_cell_are_one_cell_and_a_new_one(course, lang):
    before = text_of(course)
    nb, cells = opened(course, lang)
    nb["cells"].append(dict(cells["picture"]))
    said, status = back(course, nb)
    assert status == 1 and text_of(course) == before
    assert said.count("left:") == 1 and "a new cell (markdown) stands after 'end'" in said


def change(course, old, new):
    """Change the lesson."""
    path = course / "lessons" / "99_trial.md"
    assert path.read_text("utf-8").count(old) == 1
    path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("save", ["colab", "jupyter"])
@pytest.mark.parametrize("committed", [False, True])
def test_two_edits_of_one_cell_are_a_conflict(course, lang, save, committed):
    words = WORDS[lang]
    nb, cells = opened(course, lang)
    cells["picture"]["source"] = words["new"]
    theirs = words["old"].replace("図", "表").replace("figure", "table")
    change(course, words["old"], theirs)
    if committed:
        commit(course)
    before = text_of(course)
    said, status = back(course, nb, SAVES[save])
    assert status == 1 and text_of(course) == before
    assert f"conflict: 'picture'\n  lesson:\n{shown(theirs)}\n  notebook:\n{shown(words['new'])}" in said


@pytest.mark.parametrize("committed", [False, True])
def test_an_old_copy_does_not_take_the_lesson_back(course, lang, committed):
    words = WORDS[lang]
    nb, cells = opened(course, lang)
    cells["picture"]["source"] = words["new"]
    change(course, words["title"], words["title"] * 2)
    change(course, "1 + 1", "1 + 2")
    change(course, "label: guess", "label: total")
    if committed:
        commit(course)
    before = text_of(course)
    said, status = back(course, nb)
    assert text_of(course) == before.replace(words["old"], words["new"])
    assert "overtaken: 'title'" in said and "overtaken: 'sum'" in said and status == 0


def test_an_edit_of_a_cell_that_the_lesson_dropped_is_a_conflict(course, lang):
    nb, cells = opened(course, lang)
    cells["sum"]["source"] += "\n2 + 2"
    change(course, "label: sum", "label: addition")
    said, status = back(course, nb)
    assert status == 1 and "conflict: 'sum'\n  lesson:\n  | (the cell is gone)" in said
    assert shown(cells["sum"]["source"]) in said


def test_a_notebook_edited_in_its_place_is_compared_with_the_committed_one(course, lang):
    words, before = WORDS[lang], text_of(course)
    said, status, _ = edit(course, lang, "picture", words["old"], words["new"], name=f"{lang}/99_trial.ipynb")
    assert status == 0 and text_of(course) == before.replace(words["old"], words["new"])
    assert "compared with commit " in said


def test_the_same_edit_twice_is_one(course, lang):
    words = WORDS[lang]
    edit(course, lang, "picture", words["old"], words["new"])
    after = text_of(course)
    said, status, _ = edit(course, lang, "picture", words["old"], words["new"])
    assert status == 0 and "carried" not in said and text_of(course) == after


def test_no_git_is_no_obstacle(course, lang, monkeypatch):
    monkeypatch.setattr(absorb.shutil, "which", lambda name: None)
    said, status, _ = edit(course, lang, "picture", WORDS[lang]["old"], WORDS[lang]["new"])
    assert status == 0 and "compared with what the lesson makes today" in said


NAMES = [
    "06_generate.ipynb",
    "Copy of 06_generate.ipynb",
    "「06_generate.ipynb」のコピー.ipynb",
    "06_generate (1).ipynb",
    "Untitled0.ipynb",
]


def test_lesson_and_language_are_told_from_name_and_content(lang, monkeypatch, tmp_path):
    monkeypatch.setattr(absorb, "made", functools.cache(absorb.made))
    (tmp_path / "lessons").mkdir()
    for path in LESSONS[4], LESSONS[6]:
        (tmp_path / "lessons" / path.name).write_text(path.read_text("utf-8"), encoding="utf-8")
    monkeypatch.setattr(absorb, "HERE", tmp_path)
    lesson = tmp_path / "lessons" / "06_generate.md"
    cells = absorb.made(lesson, lang)
    other = "en" if lang == "ja" else "ja"
    for name in NAMES:
        assert absorb.identify(cells, name) == (lesson, lang)
        spoken = [cell._replace(source=cell.source.replace(f'"{lang}"', f'"{other}"')) for cell in cells]
        assert absorb.identify(spoken, name) == (lesson, lang)
    assert absorb.identify(cells, "04_loss.ipynb", "06_generate", other) == (lesson, other)
    for name, words in [("04_loss.ipynb", "pass --lesson NAME"), ("x.ipynb", "pass --lesson NAME")]:
        with pytest.raises(absorb.UnusableError, match=words):
            absorb.identify(cells if name[0] == "0" else cells[2:3], name)
    with pytest.raises(absorb.UnusableError, match=r"(--lesson 06_generate --lang ..( or )?){2}"):
        absorb.identify([cell for cell in cells if cell.id == "far"], "x.ipynb", "06_generate")
    with pytest.raises(absorb.UnusableError, match="no lesson '6', only 04_loss, 06_generate"):
        absorb.identify(cells, "x.ipynb", "6")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": [1]}', '{"cells": [{}]}', '{"worksheets": []}', "\ufeff{"])
def test_what_is_no_notebook_is_refused(course, text, capsys):
    path = course / "99_trial.ipynb"
    path.write_text(text, encoding="utf-8")
    assert absorb.main([str(path)]) == 2
    assert "cannot be read as a notebook" in capsys.readouterr().err


def conflict(text):
    """What git makes of a file that two people changed in its tenth line."""
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:9], "<<<<<<< HEAD\n", lines[9], "=======\n", lines[9], ">>>>>>> theirs\n", *lines[10:]])


SPOILT = {
    "conflict": (lambda text: conflict(text).encode(), "line 10: git's mark of a conflict, '<<<<<<< HEAD'"),
    "utf-16": (lambda text: text.encode("utf-16"), "is UTF-16"),
    "utf-16 without a mark": (lambda text: text.encode("utf-16-le"), "is UTF-16"),
    "cp932": (lambda text: text.encode("cp932", "replace"), r"line \d+: this is not UTF-8, but perhaps cp932"),
    "cut off": (lambda text: text[: len(text) // 2].encode(), r"(line \d+ cannot be read|has lost its|needs a label)"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_spoilt_notebook_is_named_in_few_words(course, kind, capsys):
    path, (spoil, words) = course / "ja" / "99_trial.ipynb", SPOILT[kind]
    nb = notebook(course, "ja")
    nb["cells"][3]["metadata"]["picture"] = "図" * 1_000_000
    path.write_bytes(spoil(json.dumps(nb, indent=1, ensure_ascii=False)))
    assert absorb.main([str(path)]) == 2
    said = capsys.readouterr().err
    assert re.search(words, said) and str(path) in said and len(said) < 500, said[:500]


def test_the_cure_of_a_conflict_cures_it(course, capsys):
    """Two people have changed the same cell; one takes the other's branch."""
    for branch in ("theirs", "mine"):
        git(course, "checkout", "-q", "-B", branch, *(["HEAD~"] if branch == "mine" else []))
        nb, cells = opened(course, "ja")
        cells["picture"]["source"] = branch
        (course / "ja" / "99_trial.ipynb").write_text(json.dumps(nb, indent=1), encoding="utf-8")
        git(course, "commit", "-q", "-a", "-m", branch)
    with pytest.raises(subprocess.CalledProcessError):
        git(course, "merge", "theirs")
    path = course / "ja" / "99_trial.ipynb"
    assert absorb.main([str(path)]) == 2
    command = re.search(r"\((git checkout --ours .*), or --theirs\)", capsys.readouterr().err)[1]
    subprocess.run(command, shell=True, cwd=course, check=True)
    assert absorb.main([str(path)]) == 0


@pytest.mark.parametrize("kind", ["conflict", "utf-16", "cp932"])
def test_a_spoilt_lesson_is_named_and_left_alone(course, kind, capsys):
    lesson, (spoil, words) = course / "lessons" / "99_trial.md", SPOILT[kind]
    lesson.write_bytes(spoil(text_of(course)))
    before = lesson.read_bytes()
    assert absorb.main([str(course / "ja" / "99_trial.ipynb")]) == 2
    said = capsys.readouterr().err
    assert re.search(words, said) and str(lesson) in said and lesson.read_bytes() == before


def test_a_lesson_whose_cell_lost_its_label_is_named(course, capsys):
    change(course, "label: sum\n", "tags: []\n")
    assert absorb.main([str(course / "ja" / "99_trial.ipynb")]) == 2
    assert "the cell that starts '# ja: 足し算" in capsys.readouterr().err


def test_a_commit_of_a_spoilt_notebook_is_passed_over(course, lang):
    path = course / lang / "99_trial.ipynb"
    good = path.read_text("utf-8")
    for kind in ("conflict", "cp932", "cut off"):
        path.write_bytes(SPOILT[kind][0](good))
        git(course, "commit", "-q", "-a", "-m", kind)
    path.write_text(good, encoding="utf-8")
    said, status, _ = edit(course, lang, "picture", WORDS[lang]["old"], WORDS[lang]["new"])
    assert status == 0 and "carried: 'picture'" in said


def test_the_command_returns_its_status(course, lang, capsys):
    assert absorb.main([str(course / "no.ipynb")]) == 2
    assert absorb.main([str(course / lang / "99_trial.ipynb")]) == 0
    assert capsys.readouterr().out.startswith(f"99_trial in {absorb.NAMES[lang]}, compared with commit ")
    nb, cells = opened(course, lang)
    cells["exercise-1"]["source"] += "\n1"
    (course / "x.ipynb").write_text(as_colab(nb), encoding="utf-8")
    assert absorb.main([str(course / "x.ipynb"), "--lesson", "99_trial", "--lang", lang, "--check"]) == 1


def test_a_lesson_in_another_form_is_refused(course, lang):
    path = course / "lessons" / "99_trial.md"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = path.read_bytes()
    nb, cells = opened(course, lang)
    cells["picture"]["source"] += "!"
    with pytest.raises(absorb.UnusableError, match="not written as in the other lessons"):
        back(course, nb)
    assert path.read_bytes() == before and not list((course / "lessons").glob("*/"))


def spoil(source, kind, lang, chance):
    """The source with one random edit, such as a person makes."""
    lines = source.split("\n")
    at = chance.randrange(len(lines))
    extra = {"ja": "新しい文です。", "en": "A new sentence."}[lang]
    edits = [
        lambda: lines.insert(at, f"# {extra}" if kind == "code" else extra),
        lambda: lines.insert(at, "print(1)" if kind == "code" else f"- {extra}"),
        lambda: lines.append("y = 1" if kind == "code" else f"\n{extra}"),
        lambda: lines.pop(at),
        lambda: lines.__setitem__(at, lines[at][: len(lines[at]) // 2] + "X" + lines[at][len(lines[at]) // 2 :]),
        lambda: lines.__setitem__(at, lines[at] + (" + 1" if kind == "code" else extra)),
        lambda: lines.__setitem__(at, re.sub(r"\d", "5", lines[at])),
        lambda: lines.reverse(),
    ]
    chance.choice(edits)()
    return "\n".join(lines)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_random_edits_are_made_again_or_shown_in_full(path, tmp_path, monkeypatch):
    chance = random.Random(path.stem)
    lang = build.LANGUAGES[LESSONS.index(path) % 2]  # parsing a lesson takes its time
    (tmp_path / "lessons").mkdir()
    lesson = tmp_path / "lessons" / path.name
    lesson.write_text(path.read_text("utf-8"), encoding="utf-8")
    monkeypatch.setattr(absorb, "HERE", tmp_path)
    twin = "en" if lang == "ja" else "ja"
    prose = [cell for cell in absorb.made(lesson, twin) if cell.kind == "markdown" and "solution" not in cell.id]
    before = absorb.made(lesson, lang)
    nb = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    touched = chance.sample(range(len(before)), 4)
    for n, cell in enumerate(before):
        source = spoil(cell.source, cell.kind, lang, chance) if n in touched else cell.source
        nb["cells"].append({"cell_type": cell.kind, "id": cell.id, "metadata": {}, "source": source})
    gone, moved = chance.sample(range(1, len(before)), 2)
    nb["cells"].insert(0, nb["cells"].pop(moved))
    del nb["cells"][max(gone, moved) if gone > moved else gone + 1]
    save = chance.choice(list(SAVES.values()))
    (tmp_path / path.with_suffix(".ipynb").name).write_text(save(nb), encoding="utf-8")
    said, status = absorb.absorb(tmp_path / path.with_suffix(".ipynb").name)
    said, after = "\n".join(said), {cell.id: cell.source for cell in absorb.made(lesson, lang)}
    for n, cell in enumerate(before):
        mine = next((c for c in absorb.cells_of(as_jupyter(nb)) if c.id == cell.id), None)
        if mine is None:
            assert shown(cell.source) in said
        else:
            assert after[cell.id] == mine.source or shown(mine.source) in said, (cell.id, said)
            assert n in touched or after[cell.id] == cell.source
    assert [c for c in absorb.made(lesson, twin) if c.kind == "markdown" and "solution" not in c.id] == prose
    ja, en = ([c for c in absorb.made(lesson, one) if c.kind == "code" and c.id != "setup"] for one in build.LANGUAGES)
    assert [build.essence(cell.source) for cell in ja] == [build.essence(cell.source) for cell in en] and status == 1
