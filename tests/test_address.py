"""Every link to the repository agrees with pyproject.toml, and one command rewrites them."""

import re

import address
import nbformat
import pytest

NOTEBOOKS = sorted((address.ROOT / "notebooks").glob("??/*.ipynb"))

# Whatever looks like an address of this repository: every Colab link, every git+ and github.io address is one.
LOOKS_OURS = re.compile(
    r"https://colab\.research\.google\.com/github/[\w.-]+/[\w.-]+/blob/[\w.-]+"
    r"|git\+https://github\.com/[\w.-]+/[\w.-]+@[\w.-]+"
    rf"|https://github\.com/(?:{address.OWNER}/[\w.-]+|[\w.-]+/{address.NAME})(?:/(?:blob|tree|raw|edit)/[\w.-]+)?"
    r"|https://[\w-]+\.github\.io" + (r"/[\w-]+" if address.NAME in address.SITE.split("/") else "")
)


@pytest.mark.parametrize("path", [*address.files(), *NOTEBOOKS], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_links_agree(path):
    wrong = {link for link in LOOKS_OURS.findall(path.read_text("utf-8")) if link not in address.forms(address.URL)}
    assert not wrong, "run `make notebooks`"


def test_the_citation_agrees():
    assert address.cited() == address.URL


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_badge_opens_this_notebook_and_the_twin_link_its_twin(path):
    first = nbformat.read(path, as_version=4).cells[0].source
    lang = path.parent.name
    links = re.findall(r"\]\((https://colab[^)]*\.ipynb)\)", first)
    twin = {"ja": "en", "en": "ja"}[lang]
    assert links == [address.colab(f"notebooks/{one}/{path.name}") for one in (lang, twin)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_set_up_cell_installs_from_the_repository(path):
    setup = next(cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    assert f"%pip install -q git+{address.GITHUB}@{address.BRANCH}\n" in setup.source
    assert f'set_language("{path.parent.name}")' in setup.source


OLD, NEW = "https://github.com/a/b/tree/c", "https://github.com/a/b-2/tree/dev"


@pytest.mark.parametrize(("old", "new"), list(zip(address.forms(OLD), address.forms(NEW), strict=True)))
def test_every_form_is_rewritten_once(old, new):
    text = "see {}/x.ipynb, or ({}) and {}."
    assert address.repoint(text.format(old, old, old), OLD, NEW) == text.format(new, new, new)
    assert address.repoint(text.format(new, new, new), OLD, NEW) == text.format(new, new, new)


def test_other_repositories_are_left_alone():
    text = "https://github.com/pytorch/pytorch https://github.com/a/bc https://github.com/a/b-3/blob/c/x"
    assert address.repoint(text, OLD, NEW) == text


WRITTEN = {
    "https://github.com/a/b": ("a", "b", "main"),
    "https://github.com/a/b/": ("a", "b", "main"),
    "https://github.com/a/b.git": ("a", "b", "main"),
    "git@github.com:a/b.c.git": ("a", "b.c", "main"),
    "ssh://git@github.com/a/b.git": ("a", "b", "main"),
    "github.com/a/b": ("a", "b", "main"),
    "http://www.GitHub.com/a/b?tab=readme-ov-file#readme": ("a", "b", "main"),
    "https://github.com/a/b/tree/c/": ("a", "b", "c"),
    "https://github.com/a/b/tree/c/d#top": ("a", "b", "c/d"),
}


@pytest.mark.parametrize("url", WRITTEN)
def test_an_address_is_understood_as_browsers_and_git_write_it(url):
    assert address.parts(url) == WRITTEN[url]


@pytest.mark.parametrize(
    ("url", "site"),
    [(OLD, "https://a.github.io/b/"), ("https://github.com/Lab/lab.github.io", "https://Lab.github.io/")],
)
def test_a_repository_named_after_its_owners_site_is_that_site(url, site):
    assert address.site(url) == site
    text = f"{address.site(OLD)}ja/index.html"
    assert address.repoint(text, OLD, url) == f"{site}ja/index.html"
    assert address.repoint(address.repoint(text, OLD, url), url, OLD) == text


def test_the_clone_command_names_a_branch_that_is_not_the_usual_one():
    readme = "git clone https://github.com/a/b\ncd b\n"
    there = "git clone -b dev https://github.com/a/b-2\ncd b-2\n"
    main = OLD.replace("/c", "/main")
    assert address.repoint(readme, main, NEW) == there and address.repoint(there, NEW, main) == readme


def test_the_site_is_published_from_the_branch():
    assert f'branches: ["{address.BRANCH}"]' in address.PAGES.read_text("utf-8")


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/a",
        "https://github.com/a/b/blob/main/README.md",
        "a/b",
        "https://gitlab.com/a/b",
        "https://github.com/a/b c",
    ],
)
def test_what_is_no_repository_is_refused(url):
    with pytest.raises(ValueError, match=re.escape(f"but it is {url}")):
        address.parts(url)


def test_an_address_of_another_form_is_named():
    with pytest.raises(ValueError, match="OWNER/NAME/tree/BRANCH, but it is https://example"):
        address.parts("https://example.org/vae")
