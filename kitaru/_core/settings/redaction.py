"""Text that goes to other people, without the secrets that exceptions and logs may show."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from kitaru._core.process.kept_secrets import secrets_among, tells
from kitaru._core.settings.environment import sensitive_variables

if TYPE_CHECKING:
    from collections.abc import Iterable

# What follows the host: a webhook's token stands in the path, others in the query. And what stands before it: a password.
_URL: Final = re.compile(
    r"\b([a-z][a-z0-9+.-]*://)(?:[^\s/@'\"<>]+@)?([^\s/?#'\"<>)\]]+)[/?#][^\s'\"<>)\]]*", re.IGNORECASE
)
_CREDENTIALS: Final = re.compile(r"\b([a-z][a-z0-9+.-]*://)[^\s/@'\"<>]+@", re.IGNORECASE)
# How urllib3 tells of a request: "Max retries exceeded with url: /services/T00/B00/XXX".
_PATH: Final = re.compile(r"(\burl: ?)/[^\s'\"<>)\]]*", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r"\b(?:gh[pousr]_|github_pat_|glpat-|sk[-_]|hf_|npm_|pypi-|xox[abp]-)[\w-]{8,}|\bA(?:KIA|SIA)[0-9A-Z]{16}\b|"
    r"\beyJ[\w-]+\.[\w-]+\.[\w-]*|\b(?:bearer|basic) [\w.~+/=-]{8,}",
    re.IGNORECASE,
)
# What a name says of the value behind it: "token=abc", "Authorization: token abc", "'password': 'abc'".
_NAMED: Final = re.compile(
    r"(\b[\w-]*(?:token|password|passwd|secret|api[-_]?key)['\"]?(?:\s*[=:]\s*|\s+(?=\S*\d))['\"]?)[^\s'\",;&)]{6,}",
    re.IGNORECASE,
)
_GONE: Final = "***"


def without_secrets(text: str, also: Iterable[str] = ()) -> str:
    """Return a text without values of secret variables, tokens, credentials, and what follows the host in URLs.

    Args:
        text: What an exception says, for example.
        also: Further values that are to be left out.
    """
    known = [*secrets_among(os.environ, sensitive_variables()).values(), *also]
    for value in sorted({value for value in known if tells(value)}, key=len, reverse=True):
        text = text.replace(value, _GONE)
    text = _URL.sub(rf"\1\2/{_GONE}", text)
    text = _PATH.sub(rf"\1/{_GONE}", _CREDENTIALS.sub(r"\1", text))
    return _NAMED.sub(rf"\1{_GONE}", _TOKEN.sub(_GONE, text))
