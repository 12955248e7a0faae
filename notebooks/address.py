"""Where the repository lives: `[project.urls]` in pyproject.toml says it, every other file follows.

    python notebooks/address.py        carry the address from pyproject.toml into README.md, CITATION.cff and book/
    python notebooks/address.py URL    the same, after writing URL into pyproject.toml

CITATION.cff tells the address that those files have now. Notebooks take theirs when they are built: `make address` does
both.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "pyproject.toml"
CITATION = ROOT / "CITATION.cff"
URL = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["urls"]["Repository"]
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


def parts(url):
    """Owner, name and branch of an address such as https://github.com/owner/name/tree/branch."""
    found = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+)/tree/([\w./-]+)", url)
    if not found:
        raise ValueError(
            f"[project.urls] Repository must be https://github.com/OWNER/NAME/tree/BRANCH, but it is {url}"
        )
    return found.groups()


OWNER, NAME, BRANCH = parts(URL)
GITHUB = f"https://github.com/{OWNER}/{NAME}"
SITE = f"https://{OWNER}.github.io/{NAME}/"


def colab(path):
    """The address that opens a notebook of the repository in Colab."""
    return f"https://colab.research.google.com/github/{OWNER}/{NAME}/blob/{BRANCH}/{path}"


def forms(url):
    """Every way in which files write the address, longest first."""
    owner, name, branch = parts(url)
    return [
        f"https://colab.research.google.com/github/{owner}/{name}/blob/{branch}",
        *(f"https://github.com/{owner}/{name}/{kind}/{branch}" for kind in ("blob", "tree", "raw", "edit")),
        f"git+https://github.com/{owner}/{name}@{branch}",
        f"https://github.com/{owner}/{name}",
        f"https://{owner}.github.io/{name}",
    ]


def repoint(text, old, new):
    """The text with every form of the old address replaced by that of the new one."""
    replacement = dict(zip(forms(old), forms(new), strict=True))
    pattern = "|".join(map(re.escape, replacement))
    return re.sub(rf"({pattern})(?![\w-])", lambda found: replacement[found.group()], text)


def cited():
    """The address that CITATION.cff, and with it every other file, has now."""
    return re.search(r"^repository-code: (\S+)$", CITATION.read_text("utf-8"), re.M).group(1)


def files():
    """The files, other than notebooks, that name the repository."""
    book = ROOT / "book"
    return [ROOT / "README.md", CITATION, *book.glob("*.yml"), *book.glob("*.md"), *book.glob("??/*.md")]


def move(url):
    """Write an address into every file that is not built: pyproject.toml, and those of `files`."""
    parts(url)
    PROJECT.write_text(PROJECT.read_text("utf-8").replace(f'"{URL}"', f'"{url}"'), encoding="utf-8", newline="\n")
    before = cited()
    for path in files():
        path.write_text(repoint(path.read_text("utf-8"), before, url), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    move(sys.argv[1] if len(sys.argv) > 1 else URL)
