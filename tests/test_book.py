"""The site as files: it builds in silence, and every page keeps its promises in its own language."""

import json
import re
import shutil
import sys
from functools import cache
from urllib.parse import unquote, urldefrag, urlsplit

import address
import pytest
import yaml
from bs4 import BeautifulSoup
from sphinx.errors import ExtensionError
from sphinx.util.matching import get_matching_files

BOOK = address.ROOT / "book"
IN_TOC = re.findall(r"file: (\S+)", (BOOK / "_toc.yml").read_text("utf-8"))
PAGES = [*IN_TOC, "search-ja", "search-en"]
LESSONS = [page for page in PAGES if page.startswith("notebooks/")]
TWIN = {"ja": "en", "en": "ja"}
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def language(page):
    return re.search(r"\b(ja|en)\b", page)[1]


def twin(page):
    return re.sub(r"\b(ja|en)\b", lambda part: TWIN[part[0]], page)


@cache
def parse(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def target(path, link):
    """The file that a relative link on a page leads to, and the anchor in it."""
    link, anchor = urldefrag(link)
    return ((path.parent / unquote(urlsplit(link).path)).resolve() if link else path), unquote(anchor)


@pytest.fixture
def path(site, page):
    return site / f"{page}.html"


@pytest.fixture
def soup(path):
    return parse(path)


def test_the_build_succeeds_without_a_warning(site):
    log = (site.parent / "build.log").read_text("utf-8")
    assert (site.parent / "build.status").read_text("utf-8") == "0", log
    assert "WARNING" not in log, log


@pytest.mark.parametrize("lang", TWIN)
def test_every_notebook_stands_in_the_toc(lang):
    notebooks = sorted(f"notebooks/{lang}/{path.stem}" for path in (address.ROOT / "notebooks" / lang).glob("*.ipynb"))
    assert [page for page in LESSONS if language(page) == lang] == notebooks, "add the missing line to book/_toc.yml"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_speaks_its_language(soup, page):
    assert soup.html["lang"] == language(page)
    frame = " ".join(map(str, soup.select("header, .bd-sidebar-primary, .bd-header-article, .bd-sidebar-secondary")))
    words = [{"ja": "検索", "en": "Search"}, {"ja": "ナビゲーションを切り替え", "en": "Toggle navigation"}]
    for word in words:
        assert f'title="{word[language(page)]}"' in frame
        assert word[TWIN[language(page)]] not in frame


@pytest.mark.parametrize("page", IN_TOC)
def test_the_title_and_home_are_the_courses_in_that_language(site, soup, path, page):
    home = site / language(page) / "index.html"
    assert soup.title.text.endswith(parse(home).h1.find(string=True))
    assert target(path, soup.select_one(".navbar-brand")["href"])[0] == home


@pytest.mark.parametrize("page", PAGES)
def test_the_twin_is_one_click_away_and_mutual(site, soup, path, page):
    link = soup.select_one(".article-header-links a[hreflang]")
    assert link["hreflang"] == link["lang"] == TWIN[language(page)]
    there = site / f"{twin(page)}.html"
    assert target(path, link["href"])[0] == there
    back = parse(there).select_one(".article-header-links a[hreflang]")
    assert target(there, back["href"])[0] == path


@pytest.mark.parametrize("page", [page for page in IN_TOC if language(page) == "ja"])
def test_twins_have_the_same_sections(site, page):
    """So that the switch between them can keep the section."""

    def outline(page):
        sections = [mark.parent for mark in parse(site / f"{page}.html").select("[id^=section-]")]
        return [len(section.find_parents("section")) for section in sections]

    assert outline(page) == outline(twin(page))
    assert len(outline(page)) == len(parse(site / f"{page}.html").select("article section section"))


def test_the_site_is_light(site):
    """Files that no page can ask for, such as most of MathJax, are left out."""
    assert sum(file.stat().st_size for file in site.rglob("*") if file.is_file()) < 12e6


@pytest.mark.parametrize("page", PAGES)
def test_search_engines_learn_both_languages(soup, page):
    found = {link["hreflang"]: link["href"] for link in soup.select("link[hreflang]")}
    assert found == {language(name): f"{address.SITE}{name}.html" for name in (page, twin(page))}
    assert soup.select_one("link[rel=canonical]")["href"] == f"{address.SITE}{page}.html"


@pytest.mark.parametrize("page", LESSONS)
def test_a_lesson_opens_in_colab_in_its_language(soup, page):
    links = {link["href"] for link in soup.select("a[href*='colab.research']")}
    assert links == {address.colab(f"{page}.ipynb")}
    assert soup.select_one(".article-header-links a[href*='colab.research']")


@pytest.mark.parametrize("page", ["ja/index", "en/index"])
def test_a_landing_page_lists_every_lesson(soup, path, page):
    lessons = [lesson for lesson in LESSONS if language(lesson) == language(page)]
    assert [link["href"] for link in soup.select("dt a[href*='colab.research']")] == [
        address.colab(f"{lesson}.ipynb") for lesson in lessons
    ]
    titles = [target(path, link["href"])[0] for link in soup.select("dt a.internal")]
    assert titles == [path.parents[1] / f"{lesson}.html" for lesson in lessons]
    assert all(len(entry.select("li")) == 3 for entry in soup.select("dd"))


@pytest.mark.parametrize("page", ["index", *PAGES])
def test_every_link_leads_somewhere(soup, path):
    for link in [element.get("href", element.get("src")) for element in soup.select("[href], [src]")]:
        if not urlsplit(link).scheme:
            file, anchor = target(path, link)
            assert file.is_file(), link
            assert not anchor or parse(file).find(id=anchor), link


@pytest.mark.parametrize("page", ["index", *PAGES])
def test_nothing_is_loaded_from_another_host(soup):
    loads = soup.select("[src], object[data], link[href]:not([rel=canonical], [rel=alternate])")
    foreign = [
        element for element in loads if re.match(r"(https?:)?//", element.get("src") or element.get("href") or "")
    ]
    assert not foreign


@pytest.mark.parametrize("page", IN_TOC)
def test_sidebar_and_neighbours_stay_in_the_language(soup, path, page):
    lang = language(page)
    entries = [target(path, link["href"])[0] for link in soup.select(".bd-docs-nav li a")]
    chapter = [f"{name}.html" for name in IN_TOC if language(name) == lang]
    assert entries == [path.parents[page.count("/")] / name for name in chapter[1:]]
    neighbours = [target(path, link["href"])[0] for link in soup.select(".prev-next-area a")]
    here = chapter.index(f"{page}.html")
    expected = [chapter[i] for i in (here - 1, here + 1) if 0 <= i < len(chapter)]
    assert neighbours == [path.parents[page.count("/")] / name for name in expected]


@pytest.mark.parametrize("page", IN_TOC)
def test_every_picture_is_described_in_the_language(soup, page):
    for picture in soup.select("article img"):
        assert picture.get("alt"), picture
        assert bool(JAPANESE.search(picture["alt"])) == (language(page) == "ja"), picture["alt"]


@pytest.mark.parametrize("page", [page for page in IN_TOC if "ja/" in page])
def test_no_space_between_japanese_sentences(soup):
    for paragraph in soup.select("article p"):
        assert not re.search(r"[。、ぁ-んァ-ヶ一-龠]\n", paragraph.get_text()), paragraph


def test_the_glossaries_explain_the_same_words(site):
    words = []
    for lang in TWIN:
        terms = parse(site / lang / "glossary.html").select("dt")
        assert all(term.find_next_sibling("dd").get_text(strip=True) for term in terms)
        words.append({term.span["id"]: re.fullmatch(r"(.+?) \((.+)\)", term.get_text()).groups() for term in terms})
    ja, en = words
    assert en == {anchor: (english, japanese) for anchor, (japanese, english) in ja.items()}


@pytest.mark.parametrize("lang", TWIN)
def test_the_teachers_page_has_every_answer(site, lang):
    page = parse(site / lang / "teaching.html")
    sections = [h3.find_parent("section") for h3 in page.select("h3")]
    lessons = [lesson for lesson in LESSONS if language(lesson) == lang]
    assert len(sections) == len(lessons)
    for section, lesson in zip(sections, lessons, strict=True):
        assert target(site / lang / "teaching.html", section.h3.a["href"])[0] == site / f"{lesson}.html"
        soup = parse(site / f"{lesson}.html")
        exercises = [h3 for h3 in soup.select("h3") if re.match(r"(演習|Exercise) \d: ", h3.text)]
        for h3 in exercises:
            assert h3.find(string=True) in section.text
        assert len(section.select("details pre")) == len(exercises) >= 2
        right = [details.summary.text[0] for details in soup.select("details") if "✅" in details.text]
        assert (
            " · ".join(f"{i} {letter}" for i, letter in enumerate(right, start=1)) in section.text and len(right) == 5
        )


def test_what_an_editor_or_an_environment_hides_is_not_published(tmp_path):
    hidden = [".venv/lib/README.md", ".ipynb_checkpoints/index-checkpoint.md", "ja/.ipynb_checkpoints/a.md", ".a.ipynb"]
    for name in (*hidden, "ja/index.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    patterns = yaml.safe_load((BOOK / "_config.yml").read_text("utf-8"))["exclude_patterns"]
    assert list(get_matching_files(tmp_path, exclude_patterns=patterns)) == ["ja/index.md"]


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The extension that takes the notebooks, in a course that has one of them."""
    monkeypatch.syspath_prepend(BOOK / "_ext")
    import lessons

    monkeypatch.setattr(lessons, "ROOT", tmp_path)
    for name in ("book/ja/index.md", "notebooks/ja/04_loss.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(address.ROOT / name, tmp_path / name)
    yield lessons
    sys.modules.pop("lessons")


def failed(text):
    """A notebook one of whose cells ended in an error."""
    nb = json.loads(text)
    error = {"output_type": "error", "ename": "NameError", "evalue": "x", "traceback": ["x" * 100_000]}
    next(cell for cell in nb["cells"] if cell["id"] == "setup")["outputs"] = [error]
    return json.dumps(nb)


SPOILT = {
    "an error": ("notebooks/ja/04_loss.ipynb", failed, r"cell 'setup' ended in an error \(NameError\)"),
    "no ids": (
        "notebooks/ja/04_loss.ipynb",
        lambda text: re.sub(r' +"id": ".*",\n', "", text),
        "cell 0 has lost its id",
    ),
    "a conflict": ("notebooks/ja/04_loss.ipynb", lambda text: "{\n<<<<<<< HEAD\n" + text, "line 2: git's mark"),
    "on a page": ("book/ja/index.md", lambda text: text + "\n>>>>>>> theirs\n", r"line \d+: git's mark"),
    "half a notebook": ("notebooks/ja/04_loss.ipynb", lambda text: text[:5000], r"line \d+ cannot be read"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_notebook_or_page_ends_the_build_and_is_named(copied, tmp_path, case):
    name, spoil, words = SPOILT[case]
    copied.take_notebooks()
    assert (tmp_path / "book" / "notebooks" / "ja" / "04_loss.ipynb").exists()
    (tmp_path / name).write_text(spoil((tmp_path / name).read_text("utf-8")), encoding="utf-8")
    with pytest.raises(ExtensionError, match=words) as error:
        copied.take_notebooks()
    assert str(tmp_path / name) in str(error.value) and len(str(error.value)) < 500
