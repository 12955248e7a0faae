"""The site in a browser: search in both languages, the switch between them, formulas, phones, and no other host."""

import re
import sys

import address
import pytest
from test_book import LESSONS, PAGES, twin

sys.path.append(str(address.ROOT / "book/_ext"))
from bigram_search import BigramSearch


@pytest.mark.parametrize("page", ["index", *PAGES])
def test_a_page_fits_a_phone_and_its_formulas_are_set(tab, page):
    tab.goto(f"{page}.html")
    tab.evaluate("window.MathJax?.startup.promise")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    assert tab.locator("mjx-container").count() == tab.locator("article .math").count()
    assert tab.locator("mjx-merror").count() == 0


@pytest.mark.parametrize(
    ("lang", "query"),
    [
        *[("ja", query) for query in ["変数", "潜在変数", "分布", "ひととおり", "VAE 分布"]],
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
    assert tab.evaluate("query => splitQuery(query)", query) == list(BigramSearch({}).split(query))


@pytest.mark.parametrize("page", [LESSONS[0], LESSONS[-1]])  # test_book follows every such link
def test_the_switch_leads_from_a_lesson_to_its_twin(tab, page):
    tab.goto(f"{page}.html")
    tab.locator(".article-header-links a[hreflang]").click()
    tab.wait_for_url(f"**/{twin(page)}.html")


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
