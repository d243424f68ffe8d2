"""Storing values that no step returned: inputs and results of flows, and arguments that the body has made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from zenml.artifacts.utils import save_artifact
from zenml.client import Client
from zenml.enums import ArtifactSaveType

from kitaru._core.identity.plain_values import is_plain, is_table
from kitaru._core.values.contents import Content
from kitaru._zenml.values.content_hash import stable_digest
from kitaru._zenml.values.values import AS_INPUT, storable
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from zenml.models import ArtifactVersionResponse

    from kitaru._zenml.values.memory import Held

_INPUTS = ("input", "flow_input")


def save(value: Any, kind: str) -> ArtifactVersionResponse:
    """Store a value that no step returned, and return its artifact.

    A file or folder that is an input of some execution already is not stored a second time.

    Args:
        value: What :func:`kitaru._zenml.values.values.storable` has returned.
        kind: A word for what it is, which its name begins with.
    """
    if isinstance(value, Content) and kind in _INPUTS:
        return _save_content(value, kind)
    return _save(value, kind, f"kitaru_{kind}_{uuid4()}")


def _save(value: Any, kind: str, name: str) -> ArtifactVersionResponse:
    return save_artifact(
        data=value,
        name=name,
        uri=f"kitaru/{kind}/{uuid4()}",
        save_type=ArtifactSaveType.EXTERNAL,
        has_custom_name=False,
    )


def _save_content(value: Content, kind: str) -> ArtifactVersionResponse:
    digest = stable_digest(value)
    name = f"kitaru_{value.kind}_{digest or uuid4()}"
    known = _stored_as(name, digest) if digest is not None else None
    if known is not None:
        return known
    artifact = _save(value, kind, name)
    if stable_digest(artifact.load(disable_cache=True)) != digest:
        raise KitaruUsageError(
            f"{value!r} was changed while it was stored. Pass it when nothing writes to it any more."
        )
    return artifact


def _stored_as(name: str, digest: str) -> ArtifactVersionResponse | None:
    """Return the latest artifact of a name, if it is there and is what the name says."""
    client = Client()
    store = client.active_stack.artifact_store
    known = client.list_artifact_versions(artifact=name, artifact_store_id=store.id, sort_by="desc:created", size=1)
    there = (one for one in known.items if store.exists(f"{one.uri}/content.json"))
    return next((one for one in there if stable_digest(one.load(disable_cache=True)) == digest), None)


class Saved:
    """The artifacts of values that were arguments, so that a value is stored once however many calls it is given to.

    A value is found by its ``id`` and by the digest of its content that tells calls apart. Where the ``id`` is that of
    another one by now, that has the same content. Values of anybody's classes are stored each time: their digest may
    leave out what another reader of them looks at.
    """

    def __init__(self) -> None:
        self._artifacts: dict[tuple[int, str], ArtifactVersionResponse] = {}

    def artifact_of(self, value: Any, digest: str | None, held: Held, what: str) -> ArtifactVersionResponse:
        """Return the artifact that holds a value; it is stored where there is none yet.

        Args:
            value: The value.
            digest: Of its content; None where nothing tells that it is unchanged.
            held: Takes what the artifact holds.
            what: What the value is, for a message.

        Raises:
            KitaruUsageError: It cannot be stored.
        """
        by_content = isinstance(value, Content)  # which is what it is, whichever object stands for it
        known = digest is not None and (by_content or is_plain(value) or is_table(value))
        key = (0 if by_content else id(value), digest or "") if known else None
        artifact = self._artifacts.get(key) if key is not None else None
        if artifact is None:
            artifact = save(storable(value, what, AS_INPUT), "input")
            if key is not None:
                self._artifacts[key] = artifact
        held.keep(artifact.id, value, unchanged=True)
        return artifact
