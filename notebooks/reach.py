"""What a lesson reaches of the library: the code and data that its outputs can come from.

A name in a cell leads to the statements of the library that define it, the names in these to further ones, and so on:
`vae_edu.evaluate` to evaluate, vae_loss, kl_divergence ... What is not reached can change without a lesson being run
again. In doubt more is reached: names are followed whether or not their line runs, and a class is reached as a whole.

Three things that a name leads to do not count:

- comments and docstrings;
- what a `raise` raises, and the branch that ends in it: no lesson shows an error (where a cell has `try`, it counts);
- what `check` knows about answers: the exercises of a notebook are not solved, and `check` says just that.
"""

import ast
import functools
import io
import tokenize
from collections import defaultdict
from pathlib import Path, PurePosixPath

LIBRARY = Path(__file__).resolve().parents[1] / "vae_edu"
NOT_FOLLOWED = {("diagnose",)}  # behind it stand the tables of vae_edu/checks
LESSON = PurePosixPath("lesson")  # its cells are followed as if they were one more module
PACKAGE = PurePosixPath("__init__.py")


def reach(cells, library=LIBRARY):
    """The library's statements (texts) and data files (bytes) that the code cells of a lesson reach, in a fixed order."""
    cells = ["import vae_edu\nvae_edu.set_language", *cells]
    cells += [
        text for cell in cells for text in _strings(ast.parse(cell)) if "import vae_edu" in text
    ]  # scripts to be run
    errors = any(isinstance(node, ast.Try) for cell in cells for node in ast.walk(ast.parse(cell)))
    modules = {PurePosixPath(file.relative_to(library)): file.read_text("utf-8") for file in library.rglob("*.py")}
    modules[LESSON] = "\n".join(cells)
    todo = [(modules[LESSON], LESSON)]
    todo += [(text, file) for file in modules for text, _ in _defined(modules[file])[""]]  # runs at every import
    seen = set()
    while todo:
        statement = text, file = todo.pop()
        if statement not in seen:
            seen.add(statement)
            todo += [found for name in _mentioned(text, errors) for found in _meaning(name, file, modules)]
    code = sorted({essence(text, errors) for text, file in seen if file != LESSON})
    words = "\n".join([*cells, *code])
    data = [file for file in sorted(library.glob("assets/*")) if file.suffix in {".npz", ".pt"} and file.stem in words]
    return code + [file.read_bytes() for file in data]


@functools.cache
def essence(source, errors=True):
    """Python source without comments, docstrings, blank lines and, unless errors count, without what ends in an error."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            _replace(lines, node.body[:1], "")
        for block in [] if errors else _failing(node):
            _replace(lines, block, "raise")
    return "\n".join(line.rstrip() for line in lines if line.strip())


def texts_of_errors(source):
    """The texts that stand where a source raises an error, and so in no output of a lesson; short ones left out."""
    blocks = [block for node in ast.walk(ast.parse(source)) for block in _failing(node)]
    return {text for block in blocks for node in block for text in _strings(node) if len(text) > 15}


def _replace(lines, block, word):
    """Put a word in place of some statements, whose lines hold nothing else."""
    first, last = block[0], block[-1]
    blank = [""] * (last.end_lineno - first.lineno)
    lines[first.lineno - 1 : last.end_lineno] = [" " * first.col_offset + word, *blank]


def _failing(node):
    """The parts of a statement that end in an error whenever they run, as lists of statements."""
    for block in (getattr(node, field, []) for field in ("body", "orelse", "finalbody")):
        if isinstance(block, list) and block:
            branch = isinstance(node, ast.If | ast.ExceptHandler) and isinstance(block[-1], ast.Raise)
            whole = branch and not _leaves(block)
            yield from [block] if whole else [[part] for part in block if isinstance(part, ast.Raise)]


def _leaves(block):
    return any(isinstance(part, ast.Return | ast.Break | ast.Continue) for node in block for part in ast.walk(node))


def _strings(tree):
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@functools.cache
def _mentioned(source, errors):
    """The names in a source, each by its dotted parts: ("vae_edu", "train") for `vae_edu.train`."""
    found, todo = set(), [ast.parse(source)]
    while todo:
        node, parts = todo.pop(), ()
        while isinstance(node, ast.Attribute):
            node, parts = node.value, (node.attr, *parts)
        if isinstance(node, ast.Name):
            found.add((node.id, *parts))
        skipped = [] if errors else [part for block in _failing(node) for part in block]
        todo += [child for child in ast.iter_child_nodes(node) if child not in skipped]
    return found - NOT_FOLLOWED


@functools.cache
def _defined(source):
    """The top-level statements of a source by the names that they bind; under "" those that bind none.

    Each is a pair: its text, and for an import the syntax tree.
    """
    lines, found = source.splitlines(), defaultdict(list)
    for node in ast.parse(source).body:
        imported = node if isinstance(node, ast.Import | ast.ImportFrom) else None
        if imported:
            names = {_bound(alias) for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = {node.name}
        else:
            stored = [part for part in ast.walk(node) if isinstance(getattr(part, "ctx", None), ast.Store)]
            names = {part.id for part in stored if isinstance(part, ast.Name)}
        first = min([node, *getattr(node, "decorator_list", [])], key=lambda part: part.lineno).lineno
        for name in names or {""}:
            found[name].append(("\n".join(lines[first - 1 : node.end_lineno]), imported))
    return found


def _bound(alias):
    return alias.asname or alias.name.split(".")[0]


def _meaning(name, file, modules):
    """The statements, each with its module, that a dotted name in a module stands for; none for a local name."""
    for text, imported in _defined(modules[file]).get(name[0], []):
        if imported is None:
            yield text, file
        else:
            for alias in imported.names:
                if _bound(alias) == name[0]:
                    yield from _imported(imported, alias, name[1:], file, modules)


def _imported(node, alias, rest, file, modules):
    """What an imported name, followed by the parts `rest`, stands for; of another library only the import itself."""
    if isinstance(node, ast.Import):
        path = alias.name.split(".") if alias.asname else [_bound(alias)]
    else:
        above = ["vae_edu", *file.parts[:-1]][: len(file.parts) - (node.level - 1)] if node.level else []
        path = [*above, *(node.module.split(".") if node.module else []), alias.name]
    if path[0] == "vae_edu":
        yield from _inside((*path[1:], *rest), modules)
    else:
        yield f"import {'.'.join(path)}", PACKAGE


def _inside(path, modules):
    """What a dotted name stands for in the library: parts of the name are packages and modules first, then names in them."""
    file = PACKAGE
    while path:
        inner = [file.with_name(f"{path[0]}.py"), file.with_name(path[0]) / "__init__.py"]
        module = next((name for name in inner if name in modules and file.name == "__init__.py"), None)
        if module is None:
            yield from _meaning(path, file, modules)
            return
        file, path = module, path[1:]
    for statements in _defined(modules[file]).values():  # a module as a whole
        yield from ((text, file) for text, _ in statements)
