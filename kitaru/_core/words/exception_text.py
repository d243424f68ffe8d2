"""The text of an exception, which any class may fail to give, or give in letters that no store takes."""

from __future__ import annotations


def text_of(error: BaseException) -> str:
    """Return the text of an exception; of one whose ``str()`` raises, what that raised.

    Args:
        error: The exception.
    """
    try:
        text = str(error)
    except Exception as why:  # noqa: BLE001 - it is a method of the user's
        return f"<its text cannot be had: str() raises {type(why).__name__}>"
    return encodable(text)


def encodable(text: str) -> str:
    """Return a text without lone surrogates, as of file names that are not UTF-8: they are told by their numbers."""
    return text.encode(errors="backslashreplace").decode()
