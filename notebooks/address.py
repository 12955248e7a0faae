"""Where the repository lives: read from pyproject.toml, and written into every file that names it.

    python notebooks/address.py        rewrite README.md, CITATION.cff, the book's configuration and the book's pages

Generated notebooks take the address when they are built.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
URL = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
OWNER, NAME, BRANCH = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+)/tree/(.+)", URL).groups()

GITHUB = f"https://github.com/{OWNER}/{NAME}"
SITE = f"https://{OWNER}.github.io/{NAME}/"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"

# Every form in which an address of the repository is written, and what it must be.
FORMS = {
    r"https://colab\.research\.google\.com/github/[^/\s]+/[^/\s]+/blob/[^/\s]+": (
        f"https://colab.research.google.com/github/{OWNER}/{NAME}/blob/{BRANCH}"
    ),
    r"git\+https://github\.com/[^/\s]+/[^/\s@]+@[\w.-]+": f"git+{GITHUB}@{BRANCH}",
    r"https://github\.com/[^/\s]+/[^/\s]+/(?P<kind>blob|tree|raw|edit)/[^/\s]+": rf"{GITHUB}/\g<kind>/{BRANCH}",
    r"(?<!git\+)https://github\.com/[^/\s]+/vae-[\w-]+(?![\w/-])": GITHUB,
    r"https://[\w-]+\.github\.io/vae-[\w-]+/": SITE,
}


def colab(path):
    """The address that opens a notebook of the repository in Colab."""
    return f"https://colab.research.google.com/github/{OWNER}/{NAME}/blob/{BRANCH}/{path}"


def repoint(text):
    """The text with every address of the repository as pyproject.toml has it."""
    for form, address in FORMS.items():
        text = re.sub(form, address, text)
    return text


def files():
    """The files, other than notebooks, that name the repository."""
    return [ROOT / "README.md", ROOT / "CITATION.cff", *(ROOT / "book").glob("*.yml"), *(ROOT / "book").glob("*/*.md")]


if __name__ == "__main__":
    for path in files():
        path.write_text(repoint(path.read_text()))
