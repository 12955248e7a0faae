"""Where the repository lives: `[project.urls]` in pyproject.toml says it, every other file follows.

    python notebooks/address.py        carry the address from pyproject.toml into README.md, CITATION.cff and book/
    python notebooks/address.py URL    the same, after writing URL into pyproject.toml

URL may be written as a browser or git shows it; without a branch it is main.
CITATION.cff tells the address that those files have now. Notebooks take theirs when they are built: `make address` does
both.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "pyproject.toml"
PAGES = ROOT / ".github" / "workflows" / "pages.yml"
CITATION = ROOT / "CITATION.cff"
URL = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["urls"]["Repository"]
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


ADDRESS = re.compile(
    r"(?:https?://(?:www\.)?|ssh://git@|git@)?github\.com[/:]([\w.-]+)/([\w.-]+?)(?:\.git)?(?:/tree/([\w./-]+?))?/*(?:[?#].*)?",
    re.IGNORECASE,
)


def parts(url):
    """Owner, name and branch of an address such as https://github.com/owner/name/tree/branch."""
    found = ADDRESS.fullmatch(url)
    if not found:
        raise ValueError(
            "[project.urls] Repository must be https://github.com/OWNER/NAME or "
            f"https://github.com/OWNER/NAME/tree/BRANCH, but it is {url}"
        )
    owner, name, branch = found.groups()
    return owner, name, branch or "main"


def site(url):
    """Where GitHub publishes the site: a repository named OWNER.github.io is the owner's site itself."""
    owner, name, _ = parts(url)
    own = name.lower() == f"{owner}.github.io".lower()
    return f"https://{owner}.github.io/" + ("" if own else f"{name}/")


OWNER, NAME, BRANCH = parts(URL)
GITHUB = f"https://github.com/{OWNER}/{NAME}"
SITE = site(URL)


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
        f"git clone {'' if branch == 'main' else f'-b {branch} '}https://github.com/{owner}/{name}\ncd {name}",
        f"https://github.com/{owner}/{name}",
        site(url).rstrip("/"),
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
    """Write an address into every file that is not built: pyproject.toml, the workflow of the site, those of `files`."""
    owner, name, branch = parts(url)
    url, before = f"https://github.com/{owner}/{name}/tree/{branch}", cited()
    rewrite(PROJECT, lambda text: text.replace(f'"{URL}"', f'"{url}"'))
    rewrite(PAGES, lambda text: re.sub(r"\bbranches: .*", f'branches: ["{branch}"]', text))
    for path in files():
        rewrite(path, lambda text: repoint(text, before, url))


def rewrite(path, change):
    """Change the text of a file."""
    path.write_text(change(path.read_text("utf-8")), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    try:
        move(sys.argv[1] if len(sys.argv) > 1 else URL)
    except ValueError as error:
        sys.exit(str(error))
