"""Build ja/NN_name.ipynb and en/NN_name.ipynb from lessons/NN_name.md.

    python notebooks/build.py                    build every lesson whose code or text changed, or what it reaches of the library
    python notebooks/build.py 04_loss            build one lesson
    python notebooks/build.py --check            change nothing; name every stale, unpaired or untranslated cell
    python notebooks/build.py --draft DIR        execute into DIR instead, on whatever data there is

A lesson is one MyST Markdown file. Every cell has a label, which becomes its id in both notebooks. Markdown cells come
in pairs (`+++ {"lang": "ja", "label": "intro"}`, then `"en"` with the same label), code cells are shared; comments in
them come in pairs of lines (`# ja: ...`, `# en: ...`). A code cell's `alt` is a pair of alternative texts for its
figure; a code cell tagged `solution` is not run but shown folded. The badge, the link to the twin notebook and the
set-up cell are added here.

A notebook is executed as a whole when the code of a cell changed, or code or data of the library that its cells reach
(reach.py); otherwise only its text is renewed and the outputs stay. A second run changes no byte.
"""

import argparse
import base64
import hashlib
import io
import json
import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import jupytext
import nbformat
from address import BADGE, BRANCH, GITHUB, colab
from jupytext.myst import MystMetadataParsingError
from nbclient import NotebookClient
from PIL import Image
from reach import essence, reach
from reading import UnusableError, cells_in, text_of

HERE = Path(__file__).resolve().parent
LANGUAGES = ("ja", "en")

BADGE_LINE = {
    "ja": "[![Colab で開く]({badge})]({here}) · [English version]({twin})",
    "en": "[![Open in Colab]({badge})]({here}) · [日本語版]({twin})",
}
SOLUTION = """<details><summary>{summary}</summary>

```python
{code}
```

</details>"""
SUMMARY = {"ja": "解答例", "en": "Worked solution"}
SETUP_TEXT = {
    "ja": "最初に、次のセルを実行してください。\n講座のライブラリ `vae_edu` を読み込みます (Colab では 1 分ほどで自動的にインストールされます)。",
    "en": "Run this cell first.\nIt loads the course's library `vae_edu` (in Colab it is installed first, which takes about a minute).",
}
SETUP = f"""try:
    import vae_edu
except ModuleNotFoundError:
    %pip install -q git+{GITHUB}@{BRANCH}
    try:
        import vae_edu
    except ModuleNotFoundError:
        from subprocess import getstatusoutput
        causes = {{
            "git --version": "NO_GIT",
            "git ls-remote {GITHUB}": "NO_NETWORK",
            "exit 1": "NO_PIP",
        }}
        raise RuntimeError(next(causes[test] for test in causes if getstatusoutput(test)[0])) from None

vae_edu.set_language("LANGUAGE")"""
WORDS = {
    "ja": {
        "LANGUAGE": "ja",
        "NO_GIT": "git がありません。https://git-scm.com から入れ、Jupyter を起動し直して、このセルを実行してください。",
        "NO_NETWORK": "GitHub につながりません。ネットワークを確認して、このセルをもう一度実行してください。",
        "NO_PIP": "pip が失敗しました。理由は上の行にあります。Python は 3.11 以上が必要です。",
    },
    "en": {
        "LANGUAGE": "en",
        "NO_GIT": "git is missing. Get it from https://git-scm.com, start Jupyter anew, and run this cell.",
        "NO_NETWORK": "GitHub is out of reach. Check the network, and run this cell again.",
        "NO_PIP": "pip failed; the lines above say why. Python 3.11 or newer is needed.",
    },
}


def read(path):
    """The cells of a lesson source, set-up cells included after the first pair."""
    text_of(path)
    try:
        cells = jupytext.read(path).cells
    except MystMetadataParsingError as error:
        raise UnusableError(f"{path}: {error}") from None
    texts = [_markdown(text, lang=lang, label="setup-text") for lang, text in SETUP_TEXT.items()]
    setup = nbformat.v4.new_code_cell(SETUP, metadata={"label": "setup"})
    return cells[:2] + texts + [setup] + cells[2:]


def faults(path):
    """Sentences, each naming lesson and cell, about what breaks the rules of a lesson source."""
    found, cells, seen = [], read(path), set()
    for i, cell in enumerate(cells):
        label, lang = cell.metadata.get("label"), cell.metadata.get("lang")
        where = f"{path.stem}: cell {i} {label!r}"
        if not label or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", label):
            found.append(
                f"{where} needs a label of small letters, digits and hyphens, but it starts {cell.source[:40]!r}"
            )
            continue
        twin = cells[i + 1] if i + 1 < len(cells) else None
        if lang != "en":
            if label in seen:
                found.append(f"{where}: the label stands twice in the lesson")
            seen.add(label)
        if cell.cell_type == "code":
            comments = re.findall(r"^\s*# (ja|en): ", cell.source, re.M)
            if comments != ["ja", "en"] * (len(comments) // 2):
                found.append(f"{where}: its comments are not pairs of '# ja:' and '# en:', but {comments}")
            alt = cell.metadata.get("alt")
            if alt is not None and (set(alt) != set(LANGUAGES) or not all(alt.values())):
                found.append(f"{where}: alt needs a text in ja and one in en")
        elif lang == "ja":
            if twin is None or twin.metadata.get("lang") != "en" or twin.metadata.get("label") != label:
                found.append(f"{where} (ja) is not followed by its English twin")
            else:
                found += [f"{where}: {fault}" for fault in _differences(cell.source, twin.source)]
        elif lang == "en":
            before = cells[i - 1].metadata if i else {}
            if before.get("lang") != "ja" or before.get("label") != label:
                found.append(f"{where} (en) does not follow its Japanese twin")
        else:
            found.append(f'{where} is Markdown without "lang": "ja" or "en"')
    return found


def notebook(path, lang):
    """The notebook of a lesson in one language, without outputs."""
    cells = []
    for cell in read(path):
        if cell.metadata.get("lang", lang) != lang:
            continue
        label = cell.metadata.get("label")
        if label is None:
            raise UnusableError(f"{path}: the cell that starts {cell.source[:40]!r} has lost its label")
        if cell.cell_type == "markdown":
            cells.append(_markdown(cell.source, id=label))
        elif "solution" in cell.metadata.get("tags", []):
            code = SOLUTION.format(summary=SUMMARY[lang], code=in_language(cell.source, lang))
            cells.append(_markdown(code, id=label))
        else:
            source = in_language(cell.source, lang) if label != "setup" else setup(lang)
            metadata = {key: value for key, value in cell.metadata.items() if key not in ("label", "alt")}
            if "alt" in cell.metadata:
                metadata["mystnb"] = {"image": {"alt": cell.metadata["alt"][lang]}}
            cells.append(nbformat.v4.new_code_cell(source, id=label, metadata=metadata))
    title, _, rest = cells[0].source.partition("\n")
    twin = "en" if lang == "ja" else "ja"
    badge = BADGE_LINE[lang].format(
        badge=BADGE,
        here=colab(f"notebooks/{lang}/{path.stem}.ipynb"),
        twin=colab(f"notebooks/{twin}/{path.stem}.ipynb"),
    )
    cells[0].source = f"{title}\n\n{badge}\n{rest}"
    nb = nbformat.v4.new_notebook(cells=cells)
    code = code_of(nb)
    nb.metadata = {
        "accelerator": "GPU",
        "colab": {"provenance": [], "toc_visible": True},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "vae_edu": {"code": _digest(*map(essence, code), *reach(code))},
    }
    return nbformat.from_dict(nb)


def setup(lang):
    """The set-up cell: it installs the library where it is missing, and else says what is in the way."""
    return re.sub("|".join(WORDS[lang]), lambda word: WORDS[lang][word[0]], SETUP)


def in_language(source, lang):
    """Code with its comments in one language only."""
    source = re.sub(rf"^([ \t]*)# {lang}: ", r"\1# ", source, flags=re.M)
    return re.sub(r"^[ \t]*# (ja|en): .*(\n|\Z)", "", source, flags=re.M).rstrip("\n")


def build(path, lang, folder):
    """Write one notebook, executing it if its code or what it reaches changed; return a line that says what happened."""
    nb, target = notebook(path, lang), folder / lang / f"{path.stem}.ipynb"
    done = "text renewed"
    if not has_run(nb, target):
        done = "executed"
        target.parent.mkdir(parents=True, exist_ok=True)
        execute(nb, target.parent)
    text = nbformat.writes(nb) + "\n"
    if target.exists() and target.read_text("utf-8") == text:
        return f"{lang}/{path.stem}: unchanged"
    target.write_text(text, encoding="utf-8", newline="\n")
    return f"{lang}/{path.stem}: {done}"


def stale(path, lang, folder=HERE):
    """Sentences about what in the written notebook differs from its lesson, the library, or from what was run."""
    nb, target = notebook(path, lang), folder / lang / f"{path.stem}.ipynb"
    if not target.exists():
        return [f"{lang}/{path.stem}: missing"]
    old = written(target)
    before, after = ({cell.id: cell.source for cell in book.cells} for book in (old, nb))
    found = [f"cell {label!r} is no longer in the lesson" for label in before.keys() - after.keys()]
    found += [f"cell {label!r} is new in the lesson" for label in after.keys() - before.keys()]
    found += [
        f"cell {label!r} differs from the lesson" for label in after if before.get(label, after[label]) != after[label]
    ]
    if not found and not keep_outputs(nb, old):
        if old.metadata.vae_edu.get("outputs") != _outputs(old):
            found = ["its outputs are not those that were produced when it ran"]
        else:
            found = ["what it reaches of the library changed since it ran"]
    if not found and nbformat.writes(nb) + "\n" != target.read_text("utf-8"):
        found = ["its metadata or the order of its cells differ from the lesson"]
    return [f"{lang}/{path.stem}: {fault}" for fault in found]


def has_run(nb, target):
    """Whether a written notebook has the outputs of this one's code; if so, they are taken over."""
    return target.exists() and keep_outputs(nb, written(target))


def written(target):
    """A notebook that was written before; UnusableError if it cannot be read any more."""
    cells_in(text_of(target), target)
    return nbformat.read(target, as_version=4)


def keep_outputs(nb, old):
    """Take the outputs of the old notebook over, if they belong to the same code; whether they did."""
    ran = old.metadata.get("vae_edu", {})
    if ran.get("code") != nb.metadata.vae_edu.code or ran.get("outputs") != _outputs(old):
        return False
    stored = {cell.id: cell for cell in _code(old)}
    if any(cell.id not in stored for cell in _code(nb)):
        return False  # an editor has given the cells ids of its own
    for cell in _code(nb):
        cell.outputs, cell.execution_count = stored[cell.id].outputs, stored[cell.id].execution_count
    nb.metadata.vae_edu.outputs = ran["outputs"]
    return True


def execute(nb, folder):
    """Run every cell in `folder` and store the outputs, widgets as still pictures."""
    client = NotebookClient(
        nb,
        timeout=3600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=True,
    )
    client.execute()
    widgets = nb.metadata.pop("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    for cell in _code(nb):
        for output in cell.outputs:
            if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
                view = output.data["application/vnd.jupyter.widget-view+json"]
                output.data = {"image/png": _still(view["model_id"], widgets), "text/plain": "widget"}
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = _smaller(output.data["image/png"])
    nb.metadata["language_info"] = {"name": "python"}
    nb.metadata.vae_edu.outputs = _outputs(nb)


def _differences(ja, en):
    """What a Japanese and an English text must have in common, and have not."""
    for name, pattern in {
        "heading levels": r"^#+(?= )",
        "displayed formulas": r"(?s)\$\$.*?\$\$",
        "code spans": r"(?<!`)`[^`\n]+`(?!`)",
        "numbers of table rows": r"^\|",
    }.items():
        one, other = (re.findall(pattern, re.sub(r"(?ms)^```.*?^```", "", text), re.M) for text in (ja, en))
        if name == "code spans":
            one, other = sorted(set(one)), sorted(set(other))
        if one != other:
            yield f"{name} differ: ja {one}, en {other}"
    if re.search(r"[ぁ-んァ-ヶ一-龠]", re.sub(r"(?m)^\|.*$", "", en)):  # tables of terms give both languages
        yield "the English text has Japanese in it"
    if not re.search(r"[ぁ-んァ-ヶ一-龠]", ja):
        yield "the Japanese text is not translated"


def _still(model_id, widgets):
    """The picture, as base64, that a widget shows when the notebook has run."""
    model = widgets[model_id]
    for buffer in model.get("buffers", []):
        if buffer["data"].startswith("iVBOR"):  # a PNG
            return buffer["data"]
    for child in model["state"].get("children", []):
        picture = _still(child.removeprefix("IPY_MODEL_"), widgets)
        if picture:
            return picture


def _smaller(png):
    """A picture (base64) with a palette of 256 colours: a third of the bytes that Colab and the site must fetch."""
    picture, buffer = Image.open(io.BytesIO(base64.b64decode(png))), io.BytesIO()
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _markdown(source, id=None, **metadata):
    cell = nbformat.v4.new_markdown_cell(source, metadata=metadata)
    cell.id = id or metadata["label"]
    return cell


def _code(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def code_of(nb):
    """The sources of a notebook's code cells, the set-up cell aside."""
    return [cell.source for cell in _code(nb) if cell.id != "setup"]


def _outputs(nb):
    return _digest(*[json.dumps([cell.execution_count, cell.outputs], sort_keys=True) for cell in _code(nb)])


def _digest(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def main():
    """Read the command line, do what it asks, and return the exit status."""
    sys.stdout.reconfigure(errors="replace")  # a console may lack Japanese letters
    parser = argparse.ArgumentParser(description="Build the notebooks from their lessons.")
    parser.add_argument("lessons", nargs="*", help="names such as 04_loss; all of them if none is given")
    parser.add_argument("--check", action="store_true", help="write nothing; name what is stale or unpaired")
    parser.add_argument("--draft", type=Path, metavar="DIR", help="execute into DIR, on whatever data there is")
    args = parser.parse_args()
    paths = [HERE / "lessons" / f"{name}.md" for name in args.lessons] or sorted((HERE / "lessons").glob("*.md"))
    try:
        return make(paths, args)
    except UnusableError as error:
        print(error)
        return 1


def make(paths, args):
    """Check or build the lessons, and return the exit status."""
    wrong = [fault for path in paths for fault in faults(path)]
    if args.check and not wrong:
        wrong = [fault for path in paths for lang in LANGUAGES for fault in stale(path, lang)]
    if wrong or args.check:
        print("\n".join(wrong) or "every notebook is what its lesson and the library make")
        return bool(wrong)

    data = os.environ.get("VAE_EDU_DATA")
    if data and data != "sample":
        os.environ["VAE_EDU_DATA"] = str(Path(data).expanduser().resolve())  # kernels run in another folder
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # both languages run at once
    if not args.draft and not all(
        has_run(notebook(path, lang), HERE / lang / f"{path.stem}.ipynb") for path in paths for lang in LANGUAGES
    ):
        import vae_edu

        if vae_edu.load_mnist("train").source != "mnist":
            print("The committed notebooks are executed on the full MNIST: set VAE_EDU_DATA, or use --draft DIR.")
            return 1
    with ProcessPoolExecutor(max_workers=2) as pool:
        jobs = [pool.submit(build, path, lang, args.draft or HERE) for path in paths for lang in LANGUAGES]
        for job in jobs:
            print(job.result(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
