"""The dependency floors: in Colab, installing the course must install nothing else."""

import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

TESTS = Path(__file__).parent
LIBRARY = TESTS.parent / "vae_edu"
PROJECT = tomllib.loads((TESTS.parent / "pyproject.toml").read_text("utf-8"))["project"]

# The oldest runtime that can be chosen in Colab, as far as it is known.
OLDEST = {"torch": "2.6", "numpy": "2.0.2"}


def colab():
    """Package versions of the newest of the dated lists."""
    lines = sorted(TESTS.glob("colab-2*.txt"))[-1].read_text("utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("line", PROJECT["dependencies"])
def test_colab_already_has_every_dependency(line):
    requirement = Requirement(line)
    assert requirement.specifier.contains(colab()[requirement.name]), f"Colab has {colab()[requirement.name]}"
    if requirement.name in OLDEST:
        assert requirement.specifier.contains(OLDEST[requirement.name])


@pytest.mark.parametrize("python", ["3.11", "3.13.15"])
def test_the_pythons_of_colab_are_supported(python):
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)


def test_no_local_environment_gets_the_ipywidgets_that_shows_nothing_in_vs_code():
    lines = map(Requirement, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"])
    allowed = [line.specifier for line in lines if line.name == "ipywidgets"]
    assert not all(versions.contains("8.1.9") for versions in allowed)
    assert all(versions.contains(version) for versions in allowed for version in ("7.7.1", "8.1.8", "8.1.10"))


def test_the_library_imports_nothing_that_is_not_declared():
    declared = {Requirement(line).name for line in PROJECT["dependencies"]}
    declared |= {"PIL", "IPython", "traitlets"}  # the first two by their other names; traitlets is part of ipywidgets
    imported = set()
    for path in (*LIBRARY.glob("*.py"), *LIBRARY.glob("checks/*.py")):
        for line in path.read_text("utf-8").splitlines():
            if line.startswith(("import ", "from ")) and not line.startswith("from ."):
                imported.add(line.split()[1].split(".")[0])
    assert imported - set(sys.stdlib_module_names) <= declared
