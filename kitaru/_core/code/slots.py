"""The slots of objects."""

from __future__ import annotations

import functools
from typing import Any


def slots_of(value: Any) -> tuple[str, ...]:
    """Return the names of an object's slots, those of its class's bases among them; private ones are mangled."""
    kind: Any = type(value)
    return _slots_of(kind)


def held_in_slots(value: Any) -> dict[str, Any]:
    """Return what an object holds in its slots, by their names."""
    return {name: getattr(value, name) for name in slots_of(value) if hasattr(value, name)}


@functools.cache
def _slots_of(kind: Any) -> tuple[str, ...]:
    names: list[str] = []
    for owner in kind.__mro__:
        slots = owner.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            is_private = name.startswith("__") and not name.endswith("__")
            names.append(f"_{owner.__name__.lstrip('_')}{name}" if is_private else name)
    return tuple(name for name in names if name not in ("__dict__", "__weakref__"))
