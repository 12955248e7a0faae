"""The lessons as pages of the book: taken from notebooks/, listed on the landing pages, one click from Colab; and the
answers to their exercises and quizzes, collected for the teachers' pages."""

import json
import re
import shutil
import sys
from pathlib import Path

from sphinx.errors import ExtensionError
from two_languages import LANGUAGES, language_of, twin_of

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "notebooks"))
import address  # noqa: E402  the one place that knows where the repository lives
import reading  # noqa: E402

from vae_edu.checks import EXERCISES  # noqa: E402

COLAB = {"ja": "Colab で開く", "en": "Open in Colab"}
QUIZ = {"ja": "クイズの正解", "en": "Answers of the quiz"}
NAMED = {"ja": "`vae_edu.check` が見分ける誤り", "en": "What `vae_edu.check` tells apart"}


def take_notebooks():
    """Copy the notebooks below book/, outside of which Sphinx reads nothing; with their times, so builds stay incremental."""
    shutil.rmtree(ROOT / "book/notebooks", ignore_errors=True)
    try:
        list(map(reading.text_of, (ROOT / "book").glob("??/*.md")))
        list(map(reading.require_published, (ROOT / "notebooks").glob("??/*.ipynb")))
    except reading.UnusableError as error:
        raise ExtensionError(str(error)) from None
    for lang in LANGUAGES:
        (ROOT / "book/notebooks" / lang).mkdir(parents=True)
        for path in (ROOT / "notebooks" / lang).glob("*.ipynb"):
            shutil.copy2(path, ROOT / "book/notebooks" / lang)


def set_address(app, config):
    """Hand the repository's address to Sphinx and the theme, so that _config.yml need not repeat it."""
    config.html_baseurl = address.SITE
    config.html_theme_options |= {"repository_url": address.GITHUB, "repository_branch": address.BRANCH}


def adapt(app, page, source):
    """Let a notebook's badge load no picture from another host and its link to the twin stay on the site; link the
    number of cases that a test tries to its file; put the list of lessons into the landing pages and the answers into the teachers' pages."""
    source[0] = re.sub(rf"!\[([^]]*)\]\({re.escape(address.BADGE)}\)", r"\1", source[0])
    test = rf'[\3]({address.GITHUB}/blob/{address.BRANCH}/tests/\1 "\2")'
    source[0] = re.sub(r"`(test_\w+\.py)::(test_\w+)` × (\d+)", test, source[0])
    if page.startswith("notebooks/"):
        source[0] = source[0].replace(address.colab(f"{twin_of(page)}.ipynb"), f"/{twin_of(page)}.ipynb")
    for mark, text in {"<!-- lessons -->": entry, "<!-- answers -->": answers}.items():
        if mark in source[0]:
            paths = sorted((ROOT / "notebooks" / language_of(page)).glob("*.ipynb"))
            source[0] = source[0].replace(mark, "\n".join(map(text, paths)))
            for path in paths:
                app.env.note_dependency(str(path))


def entry(path):
    """The Markdown that lists one lesson: its title, its way to Colab, and the objectives from its first cell."""
    title, *lines = "".join(json.loads(path.read_text("utf-8"))["cells"][0]["source"]).splitlines()
    lang, page = path.parent.name, f"notebooks/{path.parent.name}/{path.name}"
    points = "\n  ".join(line for line in lines if line.startswith("- "))
    return f"[{title.removeprefix('# ')}](/{page}) [{COLAB[lang]}]({address.colab(page)})\n: {points}\n"


def answers(path):
    """The Markdown of a lesson's answers: solutions, the mistakes that each check names, right choices of the quiz."""
    cells = {cell["id"]: "".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"]}
    lang, title = path.parent.name, next(iter(cells.values())).splitlines()[0]
    parts = [f"### [{title.removeprefix('# ')}](/notebooks/{lang}/{path.name})"]
    for label in (label for label in cells if re.fullmatch(r"exercise-\d", label)):
        heading = re.search(r"^### (.*)", cells[f"{label}-task"], re.M)[1]
        name = re.search(r'vae_edu\.check\("(\w+)"', cells[label])[1]
        mistakes = "\n".join(f"- {getattr(mistake, lang)[0]}" for mistake in EXERCISES[name].mistakes)
        parts += [f"**{heading}**", cells[f"{label}-solution"], f"{NAMED[lang]}:", mistakes]
    right = [re.search(r"<summary>([A-D])\.[^✅❌]*✅", cells[f"quiz-{i}"])[1] for i in range(1, 6)]
    parts.append(f"**{QUIZ[lang]}**: " + " · ".join(f"{i} {letter}" for i, letter in enumerate(right, start=1)))
    return "\n\n".join(parts) + "\n"


def link_colab(app, page, template, context, doctree):
    """Give a lesson's page header the notebook's address in Colab."""
    if page.startswith("notebooks/"):
        context["colab"] = {"url": address.colab(f"{page}.ipynb"), "name": COLAB[language_of(page)]}


def setup(app):
    """Take the notebooks before Sphinx looks for sources, and connect the rest."""
    take_notebooks()
    app.connect("config-inited", set_address)
    app.connect("source-read", adapt)
    app.connect("html-page-context", link_colab)
