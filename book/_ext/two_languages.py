"""Two languages in one book: every page speaks its own and leads to the same page in the other."""

import gettext
import json
import posixpath
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import sphinx
import sphinx_book_theme
from docutils import nodes

LANGUAGES = {"ja": "日本語", "en": "English"}
MARK = re.compile(r"(?<![^/-])(ja|en)(?=/|$)")  # where the name of a page tells its language
CATALOGUES = {
    "sphinx": Path(sphinx.__file__).parent / "locale",
    "booktheme": Path(sphinx_book_theme.__file__).parent / "theme/sphinx_book_theme/static/locales",
}
# Each language has its own search page and index (bigram_search.py).
SEARCH = {"search": "search-{}", "searchindex.js": "searchindex-{}.js"}
# Words of Sphinx and its themes that their Japanese catalogues lack.
JAPANESE = {
    "Back to top": "先頭へ戻る",
    "Link to this heading": "この見出しへのリンク",
    "Search finished, found ${resultCount} page(s) matching the search query.": "${resultCount} ページ見つかりました。",
    "Section Navigation": "この講座のページ",
    "Skip to main content": "本文へ移動",
    "light/dark": "画面の明るさ",
}


def language_of(page):
    """The language of a page such as ja/index or search-ja; None for those that serve both, the root and its search."""
    found = MARK.search(page)
    return found and found[0]


def twin_of(page):
    """The same page in the other language."""
    return MARK.sub(lambda mark: "en" if mark[0] == "ja" else "ja", page)


@cache
def translator_to(lang):
    """The messages of all catalogues in one language, because Sphinx itself knows only one language for a book."""
    translator = gettext.NullTranslations()
    if lang == "ja":
        translator.gettext = lambda message: JAPANESE.get(message, message)
        for name, folder in CATALOGUES.items():
            catalogue = gettext.translation(name, folder, ["ja"])
            catalogue.add_fallback(translator)
            translator = catalogue
    return translator


def speak(app, doctree, page):
    """Before a page is written, switch the words that Sphinx and the theme put into it to its language."""
    for name in CATALOGUES:
        sphinx.locale.translators["general", name] = translator_to(language_of(page) or app.config.language)


def join_lines(app, doctree):
    """Drop line breaks after Japanese characters, which browsers show as a space between two sentences."""
    for text in list(doctree.findall(nodes.TextElement)):
        text[:] = [
            node
            for before, node in pairwise([nodes.Text(""), *text])
            if node != "\n" or not re.search(r"[\u3000-\u9fff\uff00-\uffef]$", before.astext())
        ]


def number_sections(app, doctree):
    """Give the sections below the title ids that are the same in both languages, for the switch to lead to."""
    for number, section in enumerate(list(doctree.findall(nodes.section))[1:], start=1):
        section["ids"].append(f"section-{number}")


def localize(app, page, template, context, doctree):
    """Give the templates of one page its language: words, title, home, search, neighbours, and the way to its twin."""
    lang = language_of(page)
    speak(app, doctree, page)
    for way in ("prev", "next"):
        neighbour = context.get(way) and posixpath.join(posixpath.dirname(page), context[way]["link"])
        if neighbour and language_of(posixpath.normpath(neighbour)) != lang:
            context[way] = None
    if lang is None:
        return
    translator, pathto, twin = translator_to(lang), context["pathto"], twin_of(page)
    context |= {
        "language": lang,
        "gettext": translator.gettext,
        "ngettext": translator.ngettext,
        "root_doc": f"{lang}/index",
        "docstitle": app.env.titles[f"{lang}/index"].astext(),
        "twin": {"lang": language_of(twin), "name": LANGUAGES[language_of(twin)], "url": pathto(twin)},
        "pathto": lambda uri, *rest, **named: pathto(SEARCH.get(uri, uri).format(lang), *rest, **named),
    }
    context["metatags"] = context.get("metatags", "") + "".join(
        f'<link rel="alternate" hreflang="{language_of(name)}" href="{app.config.html_baseurl}{name}.html">'
        for name in (page, twin)
    )
    if lang == "ja":
        app.add_js_file(None, body=f"Object.assign(Documentation.TRANSLATIONS, {json.dumps(JAPANESE)});")
    else:
        files = context["script_files"]
        files[:] = [file for file in files if file.filename != "_static/translations.js"]


def setup(app):
    """Connect to Sphinx; the page context comes first, so that the theme's own handlers speak the page's language."""
    app.connect("doctree-read", join_lines)
    app.connect("doctree-read", number_sections)
    app.connect("doctree-resolved", speak)
    app.connect("html-page-context", localize, priority=1)
