"""Values on their way into ZenML's artifact store and back, without loss.

ZenML's materializers are used wherever they give back what they were given. Some do not: a tuple inside a list
comes back as a list, an enum as its string, a set inside a dict fails. Such values travel as one pickle
(:class:`Pickled`); what a checkpoint returns is what the next one gets.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from dataclasses import is_dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, TypeAdapter
from zenml.enums import ArtifactType
from zenml.materializers import (
    BuiltInContainerMaterializer,
    BuiltInMaterializer,
    BytesMaterializer,
    CloudpickleMaterializer,
)
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.utils import source_utils

from kitaru._core.identity.equality import same
from kitaru._zenml.door.installed import materializer_of
from kitaru._zenml.door.private import set_source
from kitaru._zenml.values.content_hash import note, stable_digest
from kitaru._zenml.values.contents import ContentMaterializer  # noqa: F401 - registers itself
from kitaru._zenml.values.culprits import culprit_in
from kitaru._zenml.values.pickling import ContentPickler, Pickler
from kitaru._zenml.values.pickling import import_attribute as _import_attribute  # noqa: F401 - pickles of earlier versions name it
from kitaru._zenml.values.visualizations import shown, write
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from zenml.enums import VisualizationType

    from kitaru._zenml.values.visualizations import Shown

_SCALARS = (type(None), bool, int, float, str)
_CONTAINERS = (list, tuple, dict, set)
# They accept subclasses of what they are for (enums, named tuples) and give back the base, or cannot tell the type.
_LOSSY = (CloudpickleMaterializer, BuiltInContainerMaterializer, BuiltInMaterializer, BytesMaterializer)
_PLAIN = "plain data (numbers, text, lists, dicts, dataclasses, pydantic models, arrays, frames)"
# What to do about a value that cannot be stored.
AS_OUTPUT = f"Return {_PLAIN} instead, or give the checkpoint a ZenML materializer for this type: @checkpoint(materializers=...)."
AS_INPUT = f"Pass {_PLAIN} instead, or a path or an id from which it can be loaded again."
# ZenML prints a parameter in its dashboard; what is longer than this is read better as an artifact.
PARAMETER_LIMIT = 4096


class Pickled:
    """A value as one pickle, made when it is handed over, and what ZenML's dashboard shows of it."""

    def __init__(
        self, payload: bytes, type_name: str, content_hash: str, shown: list[Shown], *, holds_content: bool
    ) -> None:
        self.payload = payload
        self.type_name = type_name
        self.content_hash = content_hash
        self.shown = shown
        self.holds_content = holds_content  # whether a file or folder is in it


@cache
def _pickled_as(kind: Any) -> type[Pickled]:
    """Return the class by which ZenML records an artifact as what is in the pickle, where others can import that."""
    named: type[Pickled] = type("Pickled", (Pickled,), {})
    set_source(named, source_utils.resolve(kind if _is_importable(kind) else Pickled))
    return named


class PickledMaterializer(BaseMaterializer):
    """Stores a :class:`Pickled` and gives back the value inside."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Pickled,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    @classmethod
    def can_load_type(cls, data_type: type[Any]) -> bool:  # noqa: ARG003 - the pickle knows its type
        return True

    def _path(self) -> str:
        return os.path.join(self.uri, "value.pkl")  # noqa: PTH118 - a URI of any artifact store

    def load(self, data_type: type[Any]) -> Any:  # noqa: ARG002 - the pickle knows its type
        with self.artifact_store.open(self._path(), "rb") as file:
            return pickle.load(file)  # noqa: S301 - as trusted as the code of the flow, and written by it

    def save(self, data: Pickled) -> None:
        with self.artifact_store.open(self._path(), "wb") as file:
            file.write(data.payload)

    def save_visualizations(self, data: Pickled) -> dict[str, VisualizationType]:
        return write(self, data.shown)

    def extract_metadata(self, data: Pickled) -> dict[str, Any]:
        return {"python_type": data.type_name}

    def compute_content_hash(self, data: Pickled) -> str:
        return data.content_hash


def pickled(value: Any, what: str, remedy: str) -> Pickled:
    """Pickle a value.

    Args:
        value: Anything.
        what: What the value is, for the message: ``"The output of checkpoint 'fetch'"``.
        remedy: What to do where it cannot be stored: ``AS_OUTPUT`` or ``AS_INPUT``.

    Raises:
        KitaruUsageError: It cannot be pickled; names the type and the remedy.
    """
    buffer = io.BytesIO()
    pickler = Pickler(buffer)
    _dump(pickler, value, what, remedy)
    payload = buffer.getvalue()
    kind: Any = type(value)
    content = stable_digest(value) or hashlib.sha256(payload).hexdigest()
    return _pickled_as(kind)(payload, _type_name(value), content, shown(value), holds_content=pickler.holds_content)


def payload_of(value: Any, what: str, remedy: str) -> bytes:
    """Return the pickle of a value that is a part of another one; arguments as of ``pickled``.

    Raises:
        KitaruUsageError: It cannot be pickled; names the type and the remedy.
    """
    buffer = io.BytesIO()
    _dump(Pickler(buffer), value, what, remedy)
    return buffer.getvalue()


def _dump(pickler: Pickler, value: Any, what: str, remedy: str) -> None:
    try:
        pickler.dump(value)
    except Exception as error:
        raise KitaruUsageError(_refusal(value, what, remedy, error)) from error


def _refusal(value: Any, what: str, remedy: str, error: Exception) -> str:
    culprit = culprit_in(value, lambda part: fingerprint(part) is not None)
    name = getattr(value, "__qualname__", None) if callable(value) else None
    called = f"{_type_name(value)} {name!r}" if name else f"a value of type {_type_name(value)}"
    reason = f", because of {culprit}" if culprit else ""
    advice = " A function that a module or script defines is passed by its name, with whatever it uses." if name else ""
    return f"{what} cannot be stored: {called} cannot be pickled{reason} ({error}). {remedy}{advice}"


def storable(value: Any, what: str, remedy: str = AS_OUTPUT) -> Any:
    """Return the value itself if ZenML gives it back as it is, else its pickle.

    Args:
        value: Anything.
        what: What the value is, for a message.
        remedy: What to do where it cannot be stored: ``AS_OUTPUT`` or ``AS_INPUT``.

    Raises:
        KitaruUsageError: It can be stored in no way.
    """
    kind = type(value)
    if kind in _SCALARS or kind is bytes or issubclass(kind, Pickled):
        return value
    if not _is_faithful(value):
        return pickled(value, what, remedy)
    note(value)
    return value


def _is_faithful(value: Any) -> bool:
    """Whether ZenML's materializer for a value's type gives back an equal value of that type."""
    kind = type(value)
    if kind in _CONTAINERS:
        return is_json(value if kind in (list, dict) else list(value))
    if isinstance(value, Path):  # ZenML would store the file that is there, and give back a copy under another name
        return False
    if not _is_importable(kind):
        return False
    materializer = materializer_of(kind)
    if materializer in _LOSSY:
        return False
    if isinstance(value, BaseModel) or is_dataclass(value):
        return _round_trips(value)
    return _gives_back(materializer, value)


def _gives_back(materializer: type[BaseMaterializer], value: Any) -> bool:
    """Whether a materializer of ZenML's integrations, or of the user, gives back what it got.

    ZenML stores frames as CSV without pyarrow, and with it not every index and column comes back; arrays come back
    as plain ones, and it fails for those without axes and of complex numbers; what objects are in one it pickles without
    regard to where a script's classes are. Pictures are stored in the format they were read from, which
    may lose detail.
    """
    package = materializer.__module__
    if package.startswith("zenml.integrations.numpy."):
        return type(value) in materializer.ASSOCIATED_TYPES and value.ndim > 0 and value.dtype.kind not in "cO"
    return not package.startswith(("zenml.integrations.pandas.", "zenml.integrations.pillow."))


def is_parameter(value: Any) -> bool:
    """Whether a value can be recorded as JSON: plain, small, and the same when it is read back."""
    return is_json(value) and _json_size(value) <= PARAMETER_LIMIT


def fingerprint(value: Any) -> bytes | None:
    """Hash what a value holds now, or return None where that cannot be told.

    Equal fingerprints mean equal contents. The reverse need not hold: it then costs one upload more.
    """
    digest = hashlib.blake2b(type(value).__qualname__.encode(), digest_size=20)
    if isinstance(value, bytes):
        digest.update(value)
        return digest.digest()
    if type(value) is str:
        digest.update(value.encode("utf-8", "surrogatepass"))
        return digest.digest()
    sink = _HashSink(digest.update)
    try:
        pickler = ContentPickler(sink, protocol=5, buffer_callback=lambda buffer: digest.update(buffer.raw()))
        pickler.dump(value)
    except Exception:  # noqa: BLE001 - what cannot be pickled has no fingerprint, whatever the reason
        return None
    return digest.digest()


class _HashSink(io.RawIOBase):
    def __init__(self, update: Callable[[Any], None]) -> None:
        self._update = update

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._update(data)
        return memoryview(data).nbytes


def is_json(value: Any) -> bool:
    """Whether a value is plain JSON, of just the types that reading JSON gives, and none of its parts is in it twice."""
    try:
        return _is_json(value, set())
    except RecursionError:
        return False


def _is_json(value: Any, seen: set[int]) -> bool:
    kind = type(value)
    if kind in _SCALARS:
        return _is_json_scalar(value)
    if kind not in (list, dict) or id(value) in seen:
        return False
    seen.add(id(value))
    if kind is list:
        return all(_is_json(item, seen) for item in value)
    return all(type(key) is str and _is_json_scalar(key) for key in value) and all(
        _is_json(item, seen) for item in value.values()
    )


def _is_json_scalar(value: Any) -> bool:
    if isinstance(value, float):
        return isfinite(value)  # JSON proper has no other, and a server refuses them
    try:
        return not isinstance(value, str) or value.encode() is not None
    except UnicodeEncodeError:  # a lone surrogate, as in a file name that is not UTF-8
        return False


def _json_size(value: Any) -> int:
    if isinstance(value, str):
        return len(value) + 2
    if isinstance(value, list):
        return 2 + sum(_json_size(item) + 2 for item in value)
    if isinstance(value, dict):
        return 2 + sum(len(key) + 4 + _json_size(item) for key, item in value.items())
    return len(str(value))


def _is_importable(kind: type[Any]) -> bool:
    if "<locals>" in kind.__qualname__:
        return False
    try:
        return source_utils.load(source_utils.resolve(kind)) is kind
    except Exception:  # noqa: BLE001 - any failure means: not by name
        return False


def _round_trips(value: Any) -> bool:
    try:
        if isinstance(value, BaseModel):
            return same(type(value).model_validate(value.model_dump(mode="json")), value)
        adapter: TypeAdapter[Any] = TypeAdapter(type(value))
        return same(adapter.validate_python(adapter.dump_python(value, mode="json")), value)
    except Exception:  # noqa: BLE001 - a type that validation refuses is stored as a pickle
        return False


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
