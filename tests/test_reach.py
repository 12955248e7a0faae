"""reach: a change makes exactly those notebooks stale that reach what it changes."""

import json
import re
import shutil

import build
import nbformat
import pytest
from reach import LIBRARY, essence, reach, texts_of_errors

CODE = {path.stem: build.code_of(build.notebook(path, "en")) for path in (build.HERE / "lessons").glob("*.md")}
TRAINED = r"vae_edu\.train\("
LOSS = rf"vae_loss|training_step|vae_edu\.evaluate\(|{TRAINED}"

# The file, what stands there, what comes in its place, and what the code of a lesson says that must be run again.
EDITS = {
    "a check's row": ("checks/losses.py", "The sign is reversed.", "The sign is wrong.", None),
    "a check's right answer": ("checks/losses.py", "0.5 * (mu**2 +", "0.6 * (mu**2 +", None),
    "an error's text that no lesson shows": ("arguments.py", "a whole number from", "an integer from", None),
    "a docstring": ("losses.py", "The negative ELBO", "Minus the ELBO", None),
    "a comment": ("models.py", "# 28 -> 14", "# halved", None),
    "the explorer's module": ("assets/explorer/explorer.mjs", "export default", "export  default", None),
    "a function that no lesson calls": ("explorer.py", "write(explorer_file", "print(explorer_file", None),
    "plot_history": ("plotting.py", 'set_ylabel("nats / image")', 'set_ylabel("nats")', r"plot_history\("),
    "vae_loss": ("losses.py", "+ beta * kl", "+ beta * kl + 1", LOSS),
    "train's loop": ("training.py", "model.train()", "model.train(True)", TRAINED),
    "the sample": ("assets/mnist_sample.npz", "PK", "pk", r"load_mnist\("),
    "a model's weights": ("assets/mlp_vae_2d.pt", "PK", "pk", "mlp_vae_2d"),
    "a text that a lesson prints": ("checks/__init__.py", "prediction: {", "expected: {", r"compare\("),
    "a text of every untouched exercise": ("checks/measuring.py", "It is not written yet.", "Write it.", r"check\("),
    "what runs at every import": ("training.py", "torch.empty(2**24", "torch.empty(2**25", ""),
}


def stale_after(edit, folder):
    """The lessons that reach something else in a library with this edit."""
    file, old, new, _ = EDITS[edit]
    shutil.copytree(LIBRARY, folder / "vae_edu", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "vae_edu" / file
    content = path.read_bytes()
    assert old.encode() in content
    path.write_bytes(content.replace(old.encode(), new.encode(), 1))
    return {name for name, code in CODE.items() if reach(code) != reach(code, folder / "vae_edu")}


@pytest.mark.parametrize("edit", EDITS)
def test_exactly_the_notebooks_that_reach_an_edit_go_stale(edit, tmp_path):
    pattern = EDITS[edit][-1]
    expected = {name for name, code in CODE.items() if pattern is not None and re.search(pattern, "\n".join(code))}
    assert stale_after(edit, tmp_path) == expected


@pytest.mark.parametrize("lang", build.LANGUAGES)
@pytest.mark.parametrize("lesson", CODE)
def test_no_lesson_shows_an_error_of_the_library(lesson, lang):
    """On this reach relies, where no cell has a `try`."""
    nb = nbformat.read(build.HERE / lang / f"{lesson}.ipynb", as_version=4)
    said = json.dumps([cell.outputs for cell in nb.cells if cell.cell_type == "code"], ensure_ascii=False)
    errors = {text for path in LIBRARY.rglob("*.py") for text in texts_of_errors(path.read_text("utf-8"))}
    assert len(errors) > 50 and not [text for text in errors if text in said]


CELL = "import vae_edu\nvae_edu.train(model, digits)"


@pytest.mark.parametrize(
    "cell",
    [
        CELL.replace("import vae_edu", "import vae_edu as v").replace("vae_edu.t", "v.t"),
        "from vae_edu import train\ntrain()",
        "from vae_edu.training import train as run\nrun()",
        "import vae_edu.training as module\nmodule.train",
        "import vae_edu.training\nvae_edu.training.train(model)",
        "import vae_edu.training as module\nshow(module)",
        f"SCRIPT = {CELL!r}",
        "run = vae_edu.train if fast else None",
        "def later():\n    return vae_edu.train",
    ],
)
def test_a_definition_is_reached_by_every_way_to_name_it(cell):
    names = [text.split("(")[0] for text in reach([cell]) if isinstance(text, str)]
    assert {"def train", "def training_step", "def vae_loss"} <= set(names)
    assert "def plot_history" not in names


def test_an_error_counts_where_a_cell_catches_it():
    caught = ["try:\n    vae_edu.train(0)\nexcept TypeError as error:\n    print(error)"]
    assert "def wrong" not in "\n".join(map(str, reach(["vae_edu.train(0)"])))
    assert "def wrong" in "\n".join(map(str, reach(caught)))


def test_only_what_can_change_an_output_counts():
    code = 'def f(x):\n    """Say something."""\n    # a reason\n    return x  # another\n'
    assert essence(code) == "def f(x):\n    return x"
    assert essence(code.replace("return x", "return -x")) != essence(code)
    assert essence('x = "# no comment"') == 'x = "# no comment"'


BRANCH = "def f(x):\n    if x:\n        y = 1\n        raise ValueError(y)\n    return x"


def test_a_branch_that_ends_in_an_error_does_not_count_unless_it_can_leave():
    assert essence(BRANCH, errors=False) == "def f(x):\n    if x:\n        raise\n    return x"
    assert essence(BRANCH) == BRANCH
    leaves = BRANCH.replace("y = 1", "for y in x: return y")
    assert essence(leaves, errors=False) == leaves.replace("raise ValueError(y)", "raise")
