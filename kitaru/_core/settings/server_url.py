"""The URL of a ZenML server, checked before anything is asked of it."""

from __future__ import annotations

from urllib.parse import urlsplit

from kitaru.errors import KitaruUsageError


def checked_url(text: str, where: str) -> str:
    """Return a server's URL as ZenML keeps it: without spaces around it and slashes at its end.

    Args:
        text: What was given.
        where: What gave it, for the message: ``"KITARU_SERVER_URL"``.

    Raises:
        KitaruUsageError: It is no such URL.
    """
    url = text.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise KitaruUsageError(f"{where} gives {url!r}, which is no URL: {error}.") from error
    if parts.username or parts.password:  # not repeated: it holds a secret
        raise KitaruUsageError(
            f"{where} gives a URL with a user or password in it. Give the URL alone; `kitaru login URL --api-key` asks "
            f"for the key, and KITARU_AUTH_TOKEN holds it where nobody can be asked."
        )
    if "://" not in url:
        raise KitaruUsageError(
            f"{where} gives {url!r}, which has no scheme. Write https://{url or 'zenml.example.com'}."
        )
    if parts.scheme not in {"http", "https"}:
        raise KitaruUsageError(
            f"{where} gives {url!r}. A ZenML server's URL begins with https:// or http://; a database is none."
        )
    if not host or parts.query or parts.fragment:
        raise KitaruUsageError(
            f"{where} gives {url!r}, which is not the address of a server, like https://zenml.example.com."
        )
    return url
