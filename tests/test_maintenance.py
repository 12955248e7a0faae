"""The maintainers' pages: every promise in their tables has a test that tries as many cases as they say."""

import re
from collections import Counter

import address
import pytest

TESTS = address.ROOT / "tests"


def promises(lang):
    """The tests that a page names, each with its number of cases."""
    text = (address.ROOT / "book" / lang / "maintenance.md").read_text("utf-8")
    return [(test, int(cases)) for test, cases in re.findall(r"`(test_\w+\.py::test_\w+)` × (\d+) \|", text)]


def test_both_pages_make_the_same_promises_and_count_them():
    assert len(promises("ja")) > 20 and promises("ja") == promises("en")
    total = sum(cases for _, cases in promises("en"))
    for lang, words in {"ja": f"全部で {total} 通り", "en": f"Tried: {total} cases"}.items():
        assert words in (address.ROOT / "book" / lang / "maintenance.md").read_text("utf-8")


class Collected:
    """A plugin of pytest that keeps the names of the tests that it finds, without their parameters."""

    def pytest_collection_finish(self, session):
        self.tests = Counter(item.nodeid.split("[")[0].split("/")[-1] for item in session.items)


def test_every_promise_is_tried(capsys):
    files = {TESTS / test.split("::")[0] for test, _ in promises("en")}
    options = ["--collect-only", "-q", "-o", "addopts=", "-p", "no:nbval", "-p", "no:cacheprovider"]
    pytest.main([*options, *map(str, sorted(files))], plugins=[found := Collected()])
    assert {test: found.tests[test] for test, _ in promises("en")} == dict(promises("en"))


def test_every_other_test_file_that_a_page_names_is_there():
    for lang in ("ja", "en"):
        text = (address.ROOT / "book" / lang / "maintenance.md").read_text("utf-8")
        assert all((address.ROOT / name).exists() for name in re.findall(r"`(tests/\w+\.py)`", text))
