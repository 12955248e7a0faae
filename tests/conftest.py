"""What several test files share."""

from pathlib import Path

import pytest

import vae_edu

WHOLE = Path(__file__).resolve().parents[2] / "shared" / "data"  # where the maintainers keep the whole MNIST


@pytest.fixture(autouse=True)
def english():
    """Every test starts with the library speaking English."""
    vae_edu.set_language("en")


@pytest.fixture
def whole_mnist(monkeypatch):
    """load_mnist gives the whole MNIST; the test is skipped where it is not at hand."""
    if not (WHOLE / "MNIST").exists():
        pytest.skip("the whole MNIST is not at hand")
    monkeypatch.setenv("VAE_EDU_DATA", str(WHOLE))
