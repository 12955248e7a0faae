"""Search that finds Japanese words: every language has an index of its own, and Japanese is indexed by pairs of letters."""

import re
from itertools import pairwise
from pathlib import Path

from sphinx.search import js_index
from sphinx.search.en import SearchEnglish
from two_languages import LANGUAGES, language_of

JAPANESE = r"\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f"
KANJI = r"\u3005\u3400-\u9fff"
# One pattern, understood by Python and by JavaScript, so that page and query are cut alike.
RUN = rf"[{JAPANESE}]+|[A-Za-z0-9_\u00c0-\u024f\u0370-\u03ff]+"


class BigramSearch(SearchEnglish):
    """English words are stemmed; a run of Japanese has no spaces, so each two neighbouring letters make a word."""

    lang = "ja"
    js_splitter_code = f"""
var splitQuery = (query) => (query.match(/{RUN}/g) || []).flatMap((run) =>
  /^[{JAPANESE}]{{2}}/.test(run) ? [...run].slice(1).map((letter, i) => run[i] + letter) : [run]);
"""

    def cut(self, text):
        """The words of a text; the same as splitQuery above."""
        for run in re.findall(RUN, text):
            if re.match(f"[{JAPANESE}]{{2}}", run):
                yield from map("".join, pairwise(run))
            else:
                yield run

    def split(self, text):
        """The words to index: also every kanji, so that a query of a single one, such as 層, finds it inside a run."""
        yield from self.cut(text)
        yield from re.findall(f"[{KANJI}]", text)

    def word_filter(self, word):
        """Keep hiragana, which Sphinx drops: a query is cut without asking whether its parts were kept."""
        return word not in self.stopwords


def write_indexes(app, error):
    """Write an index of each language for its search page, so that a reader finds only pages in that language."""
    indexer = getattr(app.builder, "indexer", None)
    if error or not indexer:
        return
    for lang in LANGUAGES:
        with open(Path(app.outdir, "searchindex.js"), encoding="utf-8") as whole:
            indexer.load(whole, js_index)
        indexer.prune([page for page in app.env.found_docs if language_of(page) == lang])
        with open(Path(app.outdir, f"searchindex-{lang}.js"), "w", encoding="utf-8") as part:
            indexer.dump(part, js_index)


def setup(app):
    """Take the place of Sphinx's Japanese search, which finds no 潜在変数."""
    app.add_search_language(BigramSearch)
    app.connect("build-finished", write_indexes)
