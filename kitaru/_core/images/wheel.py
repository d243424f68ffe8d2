"""Wheels of the Kitaru that is running, and of its integrations, made from what is installed; editable or not.

Containers have to get this very Kitaru: another release may record executions differently, and the name "kitaru" on the
package index is another product. The same files give the same bytes, so that image builders find their layers again.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from kitaru._core.images.shipped import stacks_folder
from kitaru._core.package import FOLDER
from kitaru.errors import KitaruImageError

if TYPE_CHECKING:
    from collections.abc import Iterable

DISTRIBUTION: Final = "kitaru-zenml"
_INTEGRATION: Final = "kitaru-"
_BEHIND: Final = re.compile(r"\s(#|--).*")  # what pip allows behind a requirement: a comment, options
_LEFT_OUT: Final = frozenset({"__pycache__", "_stacks"})
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest moment that a zip file can hold


@dataclass(frozen=True)
class Wheel:
    """A wheel in memory.

    Attributes:
        name: Its file name.
        content: Its bytes.
        requirements: What the distribution requires, without extras: ``"click<9,>=8.1"``.
        version: The distribution's version.
    """

    name: str
    content: bytes
    requirements: tuple[str, ...]
    version: str


def build_wheel() -> Wheel:
    """Make the wheel of the running Kitaru.

    Raises:
        KitaruImageError: Kitaru runs from a source tree that was never installed, so that nothing tells what it needs.
    """
    try:
        installed = distribution(DISTRIBUTION)
    except PackageNotFoundError as error:
        raise KitaruImageError(
            f"The image needs the wheel of this Kitaru, but the distribution {DISTRIBUTION!r} is not installed here: "
            f"Kitaru runs from {FOLDER}. Install it, for example with `pip install -e {quote(str(FOLDER.parent))}`."
        ) from error
    stacks = {f"kitaru/_stacks/{path.name}": path.read_bytes() for path in stacks_folder().glob("*.yaml")}
    return _wheel(installed, _files(FOLDER) | stacks)


def integration_wheels(requirements: Iterable[str]) -> list[Wheel]:
    """Make the wheels of the integrations that requirements name, those that are installed from a local folder.

    Args:
        requirements: As pip reads them: ``"kitaru-langgraph"``.
    """
    wheels: dict[str, Wheel] = {}
    for line in requirements:
        name = name_in(line)
        if name.startswith(_INTEGRATION) and name not in {DISTRIBUTION, *wheels}:
            with suppress(PackageNotFoundError):  # then pip says what it finds of that name
                installed = distribution(name)
                package = find_spec(name.replace("-", "_"))
                if installed.read_text("direct_url.json") is not None and package and package.origin:
                    wheels[name] = _wheel(installed, _files(Path(package.origin).parent))
    return [*wheels.values()]


def name_in(line: str) -> str:
    """Return the name of the distribution that a line of requirements names; nothing where it names none."""
    try:
        return canonicalize_name(Requirement(_BEHIND.sub("", line)).name)
    except InvalidRequirement:  # a comment, an option, a path: pip reads these, and says what is wrong
        return ""


def _wheel(installed: Distribution, files: dict[str, bytes]) -> Wheel:
    stem = f"{installed.name.replace('-', '_')}-{installed.version}"
    return Wheel(
        name=f"{stem}-py3-none-any.whl",
        content=_archive({**files, **_metadata_files(installed, f"{stem}.dist-info")}, f"{stem}.dist-info"),
        requirements=tuple(line for line in installed.requires or [] if not _is_of_extra(line)),
        version=installed.version,
    )


def _is_of_extra(line: str) -> bool:
    return "extra" in str(Requirement(line).marker or "")


def _files(package: Path) -> dict[str, bytes]:
    return {
        f"{package.name}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in package.rglob("*")
        if path.is_file() and not _LEFT_OUT & {*path.relative_to(package).parts}
    }


def _metadata_files(installed: Distribution, folder: str) -> dict[str, bytes]:
    tag = "Wheel-Version: 1.0\nGenerator: kitaru\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return {
        f"{folder}/METADATA": (installed.read_text("METADATA") or "").encode(),
        f"{folder}/WHEEL": tag.encode(),
        f"{folder}/entry_points.txt": (installed.read_text("entry_points.txt") or "").encode(),
    }


def _archive(files: dict[str, bytes], metadata_folder: str) -> bytes:
    """Pack files with their record; https://packaging.python.org/en/latest/specifications/binary-distribution-format/."""
    record = f"{metadata_folder}/RECORD"
    lines = [f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in sorted(files.items())]
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*sorted(files.items()), (record, "".join([*lines, f"{record},,\n"]).encode())]:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return output.getvalue()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
