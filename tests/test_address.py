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
    r"|https://[\w-]+\.github\.io/[\w-]+"
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


def test_an_address_of_another_form_is_named():
    with pytest.raises(ValueError, match="OWNER/NAME/tree/BRANCH, but it is https://example"):
        address.parts("https://example.org/vae")
