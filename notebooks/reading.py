"""Lessons and notebooks as people leave them: a file that cannot be used is named, with the line and the cure."""

import json
import re
import shlex

MARKER = re.compile(r"^(?:<{7}|>{7}|\|{7})(?: .*)?$", re.M)  # what git writes where two people changed a file


class UnusableError(Exception):
    """A file is not what it must be; the message says which, where, and what to do."""


def text_of(path):
    """The text of a file, without a byte order mark; UnusableError if it is not UTF-8, or git left a conflict in it."""
    content = path.read_bytes()
    if b"\0" in content:
        raise UnusableError(f"{path} is UTF-16, as > writes it in PowerShell: save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnusableError(f"{path}, line {line}: this is not UTF-8, but perhaps cp932: save it as UTF-8") from None
    conflict = MARKER.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        raise UnusableError(
            f"{path}, line {line}: git's mark of a conflict, {conflict[0][:40]!r}: keep one of the two versions here "
            f"and below, or one of the whole file (git checkout --ours {shlex.quote(str(path))}, or --theirs)"
        )
    return text


def cells_in(text, path):
    """The cells of a notebook of nbformat 4, as dictionaries; UnusableError, which names the path, if it is none."""
    try:
        cells = json.loads(text)["cells"]
        for cell in cells:
            cell |= {
                "source": "".join(cell["source"]),
                "cell_type": cell["cell_type"],
                "metadata": cell["metadata"] | {},
            }
    except json.JSONDecodeError as error:
        raise UnusableError(f"{path}, line {error.lineno} cannot be read as a notebook: {error.msg}") from None
    except (LookupError, TypeError):
        raise UnusableError(
            f"{path} cannot be read as a notebook of nbformat 4: it has no cells of that form"
        ) from None
    return cells


def require_published(path):
    """Raise UnusableError unless a notebook can be shown: each of its cells has an id, and none ended in an error."""
    for number, cell in enumerate(cells_in(text_of(path), path)):
        if "id" not in cell:
            raise UnusableError(
                f"{path}: cell {number} has lost its id: run `make absorb NOTEBOOK={path}`, then `make notebooks`"
            )
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                raise UnusableError(
                    f"{path}: cell {cell['id']!r} ended in an error ({output['ename']}): run `make notebooks`"
                )
