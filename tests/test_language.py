"""language: every text exists in both languages, and set_language chooses."""

import ast
from pathlib import Path

import pytest

import vae_edu
from vae_edu.language import tr

LIBRARY = Path(vae_edu.__file__).parent


def test_set_language_chooses_the_text():
    vae_edu.set_language("ja")
    assert tr(ja="はい", en="yes") == "はい"
    vae_edu.set_language("en")
    assert tr(ja="はい", en="yes") == "yes"


def test_an_unknown_language_is_named_in_both_and_changes_nothing():
    with pytest.raises(ValueError, match=r"どちらかです.*'fr'.*must be") as error:
        vae_edu.set_language("fr")
    assert "'fr'" in str(error.value)
    assert tr(ja="はい", en="yes") == "yes"


@pytest.mark.parametrize(
    "path",
    sorted([*LIBRARY.glob("*.py"), *LIBRARY.glob("checks/*.py")]),
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_the_learner_is_never_addressed_in_one_language_only(path):
    """Every raise and print of the library goes through tr; only the unknown language says both at once."""
    if path.stem == "language":
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        said = None
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            said = node.exc.args[2 if ast.unparse(node.exc.func) == "wrong" else 0]  # its name and value say nothing
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "bar.write"):
            said = node.args[0]
        # a name or a call of the module's own carries what tr returned
        assert not isinstance(said, ast.Constant | ast.JoinedStr | ast.BinOp), ast.unparse(node)
