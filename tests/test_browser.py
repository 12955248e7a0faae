"""The site in a browser: languages and the way between them, search, formulas, phones, paper, access for everyone."""

import re
import sys

import address
import pytest
from axe_playwright_python.sync_playwright import Axe
from test_book import IN_TOC, LESSONS, PAGES, twin

sys.path.append(str(address.ROOT / "book/_ext"))
from bigram_search import BigramSearch

SWITCH = ".article-header-links a[hreflang]"
# A section's title stands below the header that stays in place, and in the upper third of the window.
LANDED = """section => {
    const title = document.getElementById(section).nextElementSibling.getBoundingClientRect();
    const header = document.querySelector(".bd-header-article").getBoundingClientRect();
    return header.bottom <= title.top && title.top < innerHeight / 3;
}"""
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
# In a page's code only the first word of each kind is looked at: the others have its colours, and there are thousands.
MARK_SAME_COLOURS = """() => {
    const seen = new Set();
    for (const word of document.querySelectorAll(".highlight span[class]"))
        if (seen.has(word.className)) word.dataset.same = ""; else seen.add(word.className);
}"""
PAPER = {"width": 680, "height": 1000}  # A4 less its margins, in CSS pixels


@pytest.mark.parametrize(
    ("lang", "query"),
    [
        *[("ja", query) for query in ["層", "変数", "潜在変数", "分布", "ひととおり", "VAE 分布"]],
        *[("en", query) for query in ["latent variable", "decoders"]],
    ],
)
def test_search_finds_pages_of_its_language(tab, lang, query):
    tab.goto(f"{lang}/index.html")
    tab.locator(".search-button__button:visible").click()
    tab.keyboard.type(query)
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"**/search-{lang}.html?q=*")
    tab.locator(".search-summary", has_text={"ja": "ページ見つかりました", "en": "found"}[lang]).wait_for()
    links = tab.locator("ul.search li > a").evaluate_all("links => links.map(link => link.pathname)")
    assert links
    for link in links:
        assert re.match(rf"/(notebooks/)?{lang}/", link)
        assert tab.request.get(link).ok


@pytest.mark.parametrize(
    "query", ["潜在変数", "VAE の潜在変数z", "β-VAE", "KL ダイバージェンス", "層", "々〆ー", "naïve 3D"]
)
def test_a_query_is_cut_as_the_pages_are(tab, query):
    tab.goto("search-ja.html")
    assert tab.evaluate("query => splitQuery(query)", query) == list(BigramSearch({}).cut(query))


@pytest.mark.parametrize("page", [LESSONS[0], LESSONS[-1]])  # test_book follows every such link
def test_the_switch_leads_from_the_top_of_a_lesson_to_its_twin(tab, page):
    tab.goto(f"{page}.html")
    tab.locator(SWITCH).click()
    tab.wait_for_url(f"**/{twin(page)}.html")


@pytest.mark.parametrize("by_keyboard", [False, True])
@pytest.mark.parametrize("section", ["section-1", "section-4"])
def test_the_switch_keeps_the_section_there_and_back(tab, section, by_keyboard):
    page = LESSONS[2]
    tab.goto(f"{page}.html#{section}")
    for lesson in (twin(page), page):
        tab.evaluate("MathJax.startup.promise")
        tab.wait_for_function(LANDED, arg=section)
        if by_keyboard:
            tab.locator(SWITCH).focus()
            tab.keyboard.press("Enter")
        else:
            box = tab.locator(SWITCH).bounding_box()
            tab.mouse.click(box["x"] + 5, box["y"] + 5)  # click() would scroll the page first
        tab.wait_for_url(f"**/{lesson}.html#{section}")


@pytest.mark.parametrize(
    ("locale", "lang"), [("ja-JP", "ja"), ("en-GB", "en"), ("fr-FR", "en"), ("jam", "en")], ids=lambda value: value
)
def test_the_first_visit_follows_the_browser(open_tab, locale, lang):
    tab = open_tab(locale=locale)
    tab.goto("index.html")
    tab.wait_for_url(f"**/{lang}/index.html")
    assert tab.evaluate("Object.keys(localStorage)") in ([], ["mode", "theme"], ["theme", "mode"])


def test_the_language_once_chosen_is_remembered_and_nothing_else(open_tab):
    tab = open_tab(locale="ja-JP")
    tab.goto("en/glossary.html")  # a deep link stays where it leads, and is no choice
    tab.goto("index.html")
    tab.wait_for_url("**/ja/index.html")
    tab.locator(SWITCH).click()
    tab.wait_for_url("**/en/index.html")
    tab.goto("index.html")
    tab.wait_for_url("**/en/index.html")
    kept = tab.evaluate("({...localStorage})")
    assert kept.pop("language") == "en"
    assert kept.keys() <= {"mode", "theme"}
    assert not tab.context.cookies()


def test_a_browser_that_stores_nothing_is_led_on_too(browser, address_of_site):
    with browser.new_context(base_url=address_of_site) as context:  # the theme's own scripts complain
        context.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw Error('blocked'); }})")
        tab = context.new_page()
        tab.goto("index.html")
        tab.wait_for_url("**/en/index.html")
        tab.locator(SWITCH).click()
        tab.wait_for_url("**/ja/index.html")


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_without_scripts_the_root_offers_both_languages(open_tab, lang):
    tab = open_tab(java_script_enabled=False)
    tab.goto("index.html")
    tab.locator(f"article a[lang={lang}]").click()
    tab.wait_for_url(f"**/{lang}/index.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_reader_s_system_chooses_light_or_dark(tab, scheme):
    tab.emulate_media(color_scheme=scheme)
    tab.goto("ja/index.html")
    light = tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light == (scheme == "light")


@pytest.mark.parametrize("page", [LESSONS[0], LESSONS[-1]])
def test_a_choice_of_the_quiz_explains_itself_by_keyboard(tab, page):
    tab.goto(f"{page}.html")
    choice = tab.locator("details", has=tab.locator("summary", has_text=re.compile(r"^A\. "))).first
    explanation = choice.locator("p").first
    assert not explanation.is_visible()
    choice.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert explanation.is_visible() and explanation.inner_text()[0] in "✅❌"


def assert_accessible(tab):
    """No violation of WCAG in light; in dark, where only colours are others, none of the rules on colours."""
    tab.evaluate(MARK_SAME_COLOURS)
    for scheme, rules in {"light": WCAG, "dark": COLOURS}.items():
        tab.emulate_media(color_scheme=scheme)
        tab.wait_for_function("scheme => document.documentElement.dataset.theme == scheme", arg=scheme)
        for_all = {
            "preload": False,
            "resultTypes": ["violations"],
        }  # preloading looks for a style sheet in the wrong folder
        results = Axe().run(tab, context={"exclude": [["[data-same]"]]}, options={"runOnly": rules, **for_all})
        assert not results.violations_count, f"{scheme}: {results.generate_report()}"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_phone_its_formulas_are_set_and_it_is_accessible(tab, page):
    tab.goto(f"{page}.html")
    tab.evaluate("window.MathJax?.startup.promise")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    assert tab.locator("mjx-container").count() == tab.locator("article .math").count()
    assert tab.locator("mjx-merror").count() == 0
    assert_accessible(tab)


@pytest.mark.parametrize("page", ["ja/index", "en/teaching", LESSONS[4], "search-en"])
def test_a_page_is_accessible_on_a_desktop(open_tab, page):
    tab = open_tab(viewport={"width": 1440, "height": 740})
    tab.goto(f"{page}.html")
    tab.evaluate("window.MathJax?.startup.promise")
    assert_accessible(tab)


@pytest.mark.parametrize("page", [page for page in IN_TOC if not page.endswith(("index", "explorer"))])
def test_a_page_fits_paper(open_tab, page):
    tab = open_tab(viewport=PAPER, color_scheme="dark")
    tab.goto(f"{page}.html")
    tab.evaluate("window.MathJax?.startup.promise")
    tab.emulate_media(media="print", color_scheme="dark")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    for furniture in (
        ".bd-sidebar",
        ".bd-header-article",
        ".bd-search",
        ".copybtn",
        ".headerlink",
        "footer",
        "#pst-back-to-top",
    ):
        assert not tab.locator(furniture).locator("visible=true").count(), furniture
    assert tab.locator("h1").locator("visible=true").count() == 1
    assert tab.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
    cut = "boxes => boxes.filter(box => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1).map(box => box.outerHTML)"
    assert tab.locator("article :is(pre, table, .cell_output, .pst-scrollable-table-container)").evaluate_all(cut) == []
    assert tab.evaluate("document.documentElement.dataset.theme") == "light"
    assert tab.locator("summary").locator("visible=true").count() == tab.locator("summary").count()
    assert tab.locator("details[open]").count() == 0
