"""The lessons as pages of the book: taken from notebooks/, listed on the landing pages, one click from Colab."""

import json
import re
import shutil
import sys
from pathlib import Path

from two_languages import LANGUAGES, language_of, twin_of

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "notebooks"))
import address  # noqa: E402  the one place that knows where the repository lives

COLAB = {"ja": "Colab で開く", "en": "Open in Colab"}


def take_notebooks():
    """Copy the notebooks below book/, outside of which Sphinx reads nothing; with their times, so builds stay incremental."""
    shutil.rmtree(ROOT / "book/notebooks", ignore_errors=True)
    for lang in LANGUAGES:
        (ROOT / "book/notebooks" / lang).mkdir(parents=True)
        for path in (ROOT / "notebooks" / lang).glob("*.ipynb"):
            shutil.copy2(path, ROOT / "book/notebooks" / lang)


def set_address(app, config):
    """Hand the repository's address to Sphinx and the theme, so that _config.yml need not repeat it."""
    config.html_baseurl = address.SITE
    config.html_theme_options |= {"repository_url": address.GITHUB, "repository_branch": address.BRANCH}


def adapt(app, page, source):
    """Let a notebook's badge load no picture from another host and its link to the twin stay on the site; put the
    list of lessons into the landing pages."""
    source[0] = re.sub(rf"!\[([^]]*)\]\({re.escape(address.BADGE)}\)", r"\1", source[0])
    if page.startswith("notebooks/"):
        source[0] = source[0].replace(address.colab(f"{twin_of(page)}.ipynb"), f"/{twin_of(page)}.ipynb")
    elif "<!-- lessons -->" in source[0]:
        paths = sorted((ROOT / "notebooks" / language_of(page)).glob("*.ipynb"))
        source[0] = source[0].replace("<!-- lessons -->", "\n".join(map(entry, paths)))
        for path in paths:
            app.env.note_dependency(str(path))


def entry(path):
    """The Markdown that lists one lesson: its title, its way to Colab, and the objectives from its first cell."""
    title, *lines = "".join(json.loads(path.read_text())["cells"][0]["source"]).splitlines()
    lang, page = path.parent.name, f"notebooks/{path.parent.name}/{path.name}"
    points = "\n  ".join(line for line in lines if line.startswith("- "))
    return f"[{title.removeprefix('# ')}](/{page}) [{COLAB[lang]}]({address.colab(page)})\n: {points}\n"


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
