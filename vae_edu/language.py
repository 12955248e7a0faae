"""The language that messages, captions and errors speak: set_language, and tr for a text in both."""

import io
import reprlib
import sys

if isinstance(sys.stdout, io.TextIOWrapper):  # not a notebook's, which takes every letter
    sys.stdout.reconfigure(errors="replace")  # or a message ends a program whose output is cp932, cp1252 or ASCII

LANGUAGES = ("ja", "en")

_current = "en"


def set_language(language):
    """Make every message of the library speak `language`, "ja" or "en".

    Raises:
        ValueError: any other language.
    """
    global _current
    if not (isinstance(language, str) and language in LANGUAGES):
        raise ValueError(
            f'language は "ja" か "en" のどちらかです。渡された値: {reprlib.repr(language)}。 / '
            f'language must be "ja" or "en", but {reprlib.repr(language)} was given.'
        )
    _current = language


def tr(*, ja, en):
    """The one of two texts that is in the current language."""
    return ja if _current == "ja" else en
