"""The language that messages, captions and errors speak: set_language, and tr for a text in both."""

LANGUAGES = ("ja", "en")

_current = "en"


def set_language(language):
    """Make every message of the library speak `language`, "ja" or "en".

    Raises:
        ValueError: any other language.
    """
    global _current
    if language not in LANGUAGES:
        raise ValueError(
            f'language は "ja" か "en" のどちらかです。渡された値: {language!r}。 / '
            f'language must be "ja" or "en", but {language!r} was given.'
        )
    _current = language


def tr(*, ja, en):
    """The one of two texts that is in the current language."""
    return ja if _current == "ja" else en
