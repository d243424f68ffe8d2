"""When the writers leave something to ZenML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session


class NotPlainError(Exception):
    """What is to be written is left to ZenML, before anything is."""


def require(condition: object) -> None:
    """Leave it to ZenML unless a condition holds.

    Raises:
        NotPlainError: It does not hold.
    """
    if not condition:
        raise NotPlainError


def require_known(session: Session, schema: Any, key: UUID | None, project: UUID | None = None) -> None:
    """See that what is referred to is there.

    Args:
        session: The session.
        schema: Its class.
        key: Its id; where there is none, nothing is referred to.
        project: The project that it must be in.

    Raises:
        NotPlainError: It is not.
    """
    if key is None:
        return
    row = select(schema.id).where(schema.id == key)
    require(session.scalar(row if project is None else row.where(schema.project_id == project)))
