"""Take a notebook that somebody edited in Colab or Jupyter back into its lesson.

    python notebooks/absorb.py EDITED.ipynb             carry the edits into notebooks/lessons/NN_name.md
    python notebooks/absorb.py EDITED.ipynb --check     change nothing; say what would happen
    ... --lesson 04_loss --lang ja                      where neither file name nor content tells

Prose goes into the cell of its language, code into the cell that both languages share. Only cells that were edited are
rewritten, so the diff of the lesson is the edit. An edit is what differs from the version of the notebook, among all
committed ones and the one that the lesson makes today, that is closest to the edited notebook; where the lesson has
changed the same cell since, the two are a conflict. Outputs, metadata, spaces at the ends of lines and empty cells say
nothing. What is not carried is named and printed in full.

Exit status: 0 everything was carried, 1 something is left to do by hand, 2 the notebook or the lesson cannot be used.
"""

import argparse
import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import tokenize
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

import build
import nbformat
from reading import UnusableError, cells_in, text_of

HERE = build.HERE
NAMES = {"ja": "Japanese", "en": "English"}
TWIN = {"ja": "en", "en": "ja"}
SETUP = ("setup-text", "setup")
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
COMMENT = re.compile(r"([ \t]*)# (.*)")
PAIR_OR_LINE = re.compile(r"^([ \t]*)# ja: (.*)\n\1# en: (.*)$|^.*$", re.M)
BLANK = re.compile(r"(?:=|return) \.\.\.$", re.M)
PICTURE = re.compile(r"(data:image/[^\s)\"]{20})[^\s)\"]+")
BADGE_LINE = re.compile(r"\n\n?.*colab\.research\.google\.com/github/.*\n")
SOLUTION = re.compile(r"```python\n(.*?)\n```", re.S)
BLOCK = re.compile(  # one cell of a lesson: its text, or its code
    r"^\+\+\+ \{.*\}\n\n+(?P<text>[\s\S]*?)(?=\n*^(?:\+\+\+ |```\{code-cell\})|\s*\Z)"
    r"|^```\{code-cell\} ipython3\n---\n(?:.*\n)*?---\n+(?P<code>[\s\S]*?)\n```$",
    re.M,
)


class Cell(NamedTuple):
    kind: str
    id: str
    source: str


def cells_of(text, path="the notebook"):
    """The cells of a notebook of nbformat 4, valid or not, without those that are empty or Colab's own badge."""
    cells = []
    for cell in cells_in(text, path):
        source = _tidy(cell["cell_type"], cell["source"])
        label = cell.get("id") or cell["metadata"].get("id")  # Colab has its own place
        if source and label != "view-in-github":
            cells.append(Cell(cell["cell_type"], label, source))
    return cells


def _tidy(kind, source):
    """Source without what editors leave at the ends of lines; two spaces that break a line of prose stay."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    if kind == "code":
        source = re.sub(r"^([ \t]*)#(?=[^\s#@!])", r"\1# ", source, flags=re.M)
    keep = r"(?!  \n\S)" if kind == "markdown" else ""
    return re.sub(rf"(?<=\S){keep}[ \t]+$|^[ \t]+$", "", source, flags=re.M).strip("\n")


def closeness(one, other):
    """How much two texts share, from 0 to 1: Dice's coefficient of their runs of four characters."""
    a, b = (Counter(text[i : i + 4] for i in range(len(text) - 3)) for text in (one, other))
    return 2 * (a & b).total() / max(1, a.total() + b.total())


def whole(cells):
    """The text of all cells."""
    return "\n".join(cell.source for cell in cells)


def made(lesson, lang):
    """The cells of the notebook that the lesson makes today."""
    return cells_of(nbformat.writes(build.notebook(lesson, lang)))


def identify(cells, filename, lesson=None, lang=None):
    """The lesson's path and the language: as told, else from the file's name, else from what the cells say.

    The set-up cell's language does not count: in an English notebook the checks may be made to speak Japanese.
    """
    paths = sorted((HERE / "lessons").glob("*.md"))
    named = [path for path in paths if (path.stem == lesson if lesson else path.stem in filename)]
    if lesson and not named:
        raise UnusableError(f"there is no lesson {lesson!r}, only {', '.join(path.stem for path in paths)}")
    choices = [(path, choice) for path in named or paths for choice in ([lang] if lang else build.LANGUAGES)]
    score = {choice: closeness(whole(cells), whole(made(*choice))) for choice in choices}
    best, *others = sorted(choices, key=score.get, reverse=True)
    if not lesson and score[best] < 0.6:  # other lessons reach 0.55
        raise UnusableError(f"it has little in common with {best[0].stem}, the closest lesson: pass --lesson NAME")
    if others and score[best] - score[others[0]] < 0.05:
        rivals = (f"--lesson {path.stem} --lang {choice}" for path, choice in (best, others[0]))
        raise UnusableError(f"it could be one of two notebooks: pass {' or '.join(rivals)}")
    return best


def versions(name, lang):
    """Every committed version of a notebook, newest first: (what to call it, cells)."""

    def git(*args):
        command = ["git", "-C", str(HERE), *args]
        done = shutil.which("git") and subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
        return done.stdout if done else ""

    path = f"{lang}/{name}.ipynb"
    for commit in git("log", "--format=%h", "--", path).split():
        text = git("show", f"{commit}:./{path}")
        with contextlib.suppress(UnusableError):  # a commit may have deleted it, or spoilt it
            yield f"commit {commit}", cells_of(text)


def match(base, edited):
    """The label of the base cell that each edited cell comes from, or None: by id, if identical, or by its place."""
    kinds, times = {cell.id: cell.kind for cell in base}, Counter(cell.id for cell in edited)
    found = [cell.id if kinds.get(cell.id) == cell.kind and times[cell.id] == 1 else None for cell in edited]
    for n, cell in enumerate(edited):
        same = [old.id for old in base if old[::2] == cell[::2] and old.id not in found]
        found[n] = found[n] or (same[0] if same else None)
    places = [label or n for n, label in enumerate(found)]
    for _, i, k, j, m in SequenceMatcher(None, [cell.id for cell in base], places).get_opcodes():
        for kind in ("markdown", "code"):
            old = [cell for cell in base[i:k] if cell.kind == kind and cell.id not in found]
            new = [n for n in range(j, m) if edited[n].kind == kind and found[n] is None]
            pairs = [(closeness(cell.source, edited[n].source), cell.id, n) for cell in old for n in new]
            for near, label, n in sorted(pairs, reverse=True):
                alone = len(old) == len(new) == 1  # written anew
                if (near > 0.4 or alone) and found[n] is None and label not in found:
                    found[n] = label
    return found


def compare(base, now, edited, lang):
    """What became of the cells: those to carry, what to leave (each a sentence and texts by title), labels overtaken."""
    found, before, today = match(base, edited), {cell.id: cell for cell in base}, {cell.id: cell for cell in now}
    mine = {label: cell._replace(id=label) for label, cell in zip(found, edited, strict=True) if label}
    strangers = [cell for label, cell in zip(found, edited, strict=True) if not label]
    missing = [cell for cell in base if cell.id not in mine and cell.id in today]
    carry, leave, overtaken = [], [], []
    for label, cell in mine.items():
        old, current = before[label], today.get(label)
        reason = refusal(old, cell, missing, strangers, lang)
        if cell in (old, current):
            overtaken += [label] if cell != current else []
        elif current != old:
            current = current.source if current else "(the cell is gone)"
            leave.append((f"conflict: {label!r}", {"lesson": current, "notebook": cell.source}))
        elif reason:
            leave.append((f"{label!r}: {reason}", {"notebook": cell.source}))
        else:
            carry.append(cell)
    return carry, leave + _displaced(found, before, edited, missing), overtaken


def _displaced(found, before, edited, missing):
    """Sentences and texts about cells that are new, moved or gone."""
    order = [label for label in found if label]
    blocks = SequenceMatcher(None, [label for label in before if label in order], order).get_matching_blocks()
    steady = {label for block in blocks for label in order[block.b : block.b + block.size]}
    leave, last = [], "the beginning"
    for label, cell in zip(found, edited, strict=True):
        if label not in steady:
            what = f"{label!r} was moved: it stands" if label else f"a new cell ({cell.kind}) stands"
            leave.append((f"{what} after {last}", {"notebook": cell.source}))
        last = repr(label) if label else last
    return leave + [(f"{cell.id!r} was deleted; the lesson keeps it", {"it was": cell.source}) for cell in missing]


def refusal(old, new, missing, strangers, lang):
    """Why an edit is not for the lesson, or None."""
    lines = {cell: set(cell.source.split("\n")) - {""} for cell in (old, new, *missing, *strangers)}
    came, japanese = (
        lines[new] - lines[old],
        re.compile(r"\bja\b|^\s*# " if lang == "ja" else r"\bja\b"),
    )  # as in tr(ja=
    reasons = {
        "it belongs to notebooks/build.py": old.id in SETUP,
        "a skeleton is for learners to fill in": re.fullmatch(r"exercise-\d+", old.id),
        "its `...` is for learners to fill in": len(BLANK.findall(new.source)) < len(BLANK.findall(old.source)),
        "a picture was pasted in": "](attachment:" in new.source or PICTURE.search(new.source),
        "it was split, another new cell has the rest": any(lines[c] <= lines[old] - lines[new] for c in strangers),
        "it was merged with a cell that is now missing": any(lines[c] <= came for c in missing),
        "its Japanese would stand in English code too: only a comment on a line of its own is translated":
            old.kind == "code" and any(JAPANESE.search(line) and not japanese.search(line) for line in came),
    }  # fmt: skip
    return next((reason for reason, holds in reasons.items() if holds), None)


def carry_over(draft, lang, new):
    """Write one edit into a lesson: (notes about it, or None if it was not carried; why not, or not wholly, or None)."""
    text, cells, blocks = parsed(draft)
    n = next(n for n, c in enumerate(cells) if c.metadata["label"] == new.id and c.metadata.get("lang", lang) == lang)
    cell, first = cells[n], n < 2
    source, notes = inverse(new, cell, first, lang)
    if source is None:
        return None, notes
    if source == cell.source:
        return None, "what was edited belongs to notebooks/build.py"
    start, end = blocks[n].span(blocks[n].lastgroup)
    draft.write_bytes((text[:start] + source + text[end:]).encode())
    intended = [(c.cell_type, source if c is cell else c.source, c.metadata) for c in cells]
    try:
        if [(c.cell_type, c.source, c.metadata) for c in own(draft)] == intended:
            remade = next(c for c in made(draft, lang) if c.id == new.id)
            if bare(remade, cell, first) == bare(new, cell, first):
                return (
                    notes,
                    None if remade == new else "a part of it belongs to notebooks/build.py; the rest was carried",
                )
        reason = "the lesson cannot hold it: the builder would make something else of it"
    except (SyntaxError, tokenize.TokenError) as error:  # a half-written line, or a magic such as !ls
        reason = f"the builder reads plain Python only ({error})"
    draft.write_bytes(text.encode())
    return None, reason


def inverse(new, cell, first, lang):
    """The lesson's source for an edited cell, and notes; (None, why) if there is none."""
    source = bare(new, cell, first)
    if not source:
        return None, "the frame of a worked solution belongs to notebooks/build.py, and no code is left in it"
    if cell.cell_type == "markdown":
        return source, [f"its {NAMES[TWIN[lang]]} text may need the same change"]
    source, notes = bilingual(cell.source, source, lang)
    return source, [
        *notes,
        "its figure's alternative texts may need it",
    ] if "alt" in cell.metadata and source else notes


def own(lesson):
    """The cells of a lesson as the builder reads them, without those that the builder adds."""
    return [cell for cell in build.read(lesson) if cell.metadata.get("label") not in SETUP]


def parsed(lesson):
    """Text and cells of a lesson, and where in the text each cell stands."""
    text, cells = lesson.read_bytes().decode(), own(lesson)
    blocks = list(BLOCK.finditer(text))
    if [block[block.lastgroup] for block in blocks] != [cell.source for cell in cells]:
        raise UnusableError(f"the cells of {lesson.name} are not written as in the other lessons")
    return text, cells, blocks


def bare(new, cell, first):
    """An edited source without what the builder put around the lesson's cell; empty if it cannot be told."""
    if cell.cell_type != new.kind:
        found = SOLUTION.search(new.source)
        return found[1] if found else ""
    return BADGE_LINE.sub("\n", new.source, count=1) if first else new.source


def bilingual(source, edited, lang):
    """The lesson's code for the edited code of one language, and notes about the other; (None, why) if there is none.

    A comment that moved, or was rewritten in place, keeps its twin. Where it is unclear which comment became which, or
    one is new, they stand without twins, and `build.faults` names the cell until somebody translates it.
    """
    units = [({"ja": unit[2], "en": unit[3]} if unit[2] else None, unit[0]) for unit in PAIR_OR_LINE.finditer(source)]
    shown = [build.in_language(text, lang) for _, text in units]
    if shown != build.in_language(source, lang).split("\n"):
        return None, "comments in the lesson's cell wait for their translation"
    lines, result, notes = edited.split("\n"), [], []
    if [line for line in lines if not COMMENT.fullmatch(line)] != [
        line for line in shown if not COMMENT.fullmatch(line)
    ]:
        notes.append(f"the {NAMES[TWIN[lang]]} notebook's code changes too")
    known = {line.strip(): pair for line, (pair, _) in zip(shown, units, strict=True) if pair}
    if any(pair != known[line.strip()] for line, (pair, _) in zip(shown, units, strict=True) if pair):
        return None, f"two comments of it read the same here, and not so in {NAMES[TWIN[lang]]}"
    lost = known.keys() - {line.strip() for line in lines}
    for tag, i, k, j, m in SequenceMatcher(None, shown, lines, autojunk=False).get_opcodes():
        if tag == "equal":
            result += [text for _, text in units[i:k]]
        else:
            gone = [known[line.strip()] for line in shown[i:k] if line.strip() in lost]
            more, remarks = _rewritten(lines[j:m], gone, known, lang)
            result, notes = result + more, notes + remarks
    return "\n".join(result), notes


def _rewritten(lines, gone, known, lang):
    """Edited lines as the lesson has them, and notes; `gone` are the comments that stood there, `known` all of the cell."""
    twin, result = TWIN[lang], []
    fresh = [line for line in lines if COMMENT.fullmatch(line) and line.strip() not in known]
    in_place = dict(zip(fresh, gone, strict=True)) if len(set(fresh)) == len(fresh) == len(gone) else {}
    if fresh and not in_place:
        result = [f"# {twin}: {pair[twin]}" for pair in gone]
    for line in lines:
        comment = COMMENT.fullmatch(line)
        if comment:
            pair = known.get(line.strip()) or in_place.get(line, {}) | {lang: comment[2]}
            result += [f"{comment[1]}# {key}: {pair[key]}" for key in build.LANGUAGES if key in pair]
        else:
            result.append(line)
    what = "may need the same change" if fresh else "is gone"
    return result, [f"its {NAMES[twin]} comment {pair[twin]!r} {what}" for pair in gone]


def absorb(path, lesson=None, lang=None, check=False):
    """Carry what was edited in a notebook into its lesson; return lines that say what happened, and the exit status."""
    try:
        edited = cells_of(text_of(path), path)
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}") from error
    lesson, lang = identify(edited, path.name, lesson, lang)
    now = made(lesson, lang)
    choices = [*versions(lesson.stem, lang), ("what the lesson makes today", now)]
    origin, base = max(choices, key=lambda choice: closeness(whole(choice[1]), whole(edited)))
    carry, leave, overtaken = compare(base, now, edited, lang)
    said = [f"{lesson.stem} in {NAMES[lang]}, compared with {origin}"]
    said += [f"overtaken: {label!r} was not edited, but the lesson has changed it since" for label in overtaken]
    with tempfile.TemporaryDirectory(dir=lesson.parent) as folder:  # beside the lesson, so that moving it is one step
        draft = Path(shutil.copy(lesson, folder))
        for cell in carry:
            notes, reason = carry_over(draft, lang, cell)
            said += [f"{'would carry' if check else 'carried'}: {cell.id!r}; {'; '.join(notes)}"] if notes else []
            leave += [(f"{cell.id!r}: {reason}", {"notebook": cell.source})] if reason else []
        changed = draft.read_bytes() != lesson.read_bytes()
        faults = build.faults(draft) if changed else []
        if changed and not check:
            draft.replace(lesson)
    for sentence, texts in leave:
        said.append(f"left: {sentence}")
        for title, text in texts.items():
            said += [f"  {title}:", textwrap.indent(PICTURE.sub(r"\1...", text), "  | ", lambda line: True)]
    return said + [f"to mend: {fault}" for fault in faults], int(bool(leave or faults))


def main(args=None):
    """Read the command line, do what it asks, and return the exit status."""
    sys.stdout.reconfigure(errors="replace")  # a console may lack Japanese letters
    parser = argparse.ArgumentParser(description="Take an edited notebook back into its lesson.")
    parser.add_argument("notebook", type=Path, help="the edited notebook, whatever it is called now")
    parser.add_argument("--lesson", metavar="NAME", help="such as 04_loss; else told from file name and content")
    parser.add_argument("--lang", choices=build.LANGUAGES, help="else told from the content")
    parser.add_argument("--check", action="store_true", help="change nothing; say what would happen")
    args = parser.parse_args(args)
    try:
        said, status = absorb(args.notebook, args.lesson, args.lang, args.check)
    except UnusableError as error:
        said = str(error)
        print(said if args.notebook.name in said else f"{args.notebook.name}: {said}", file=sys.stderr)
        return 2
    print("\n".join(said))
    return status


if __name__ == "__main__":
    sys.exit(main())
