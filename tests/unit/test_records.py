"""Data that is shown is frozen, and has one base."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from pydantic import BaseModel, ValidationError

import kitaru
from kitaru._core.records.record import Record
from kitaru.secrets import SecretInfo

MODULES = [one.name for one in pkgutil.iter_modules(kitaru.__path__) if not one.name.startswith("_")]


@pytest.mark.parametrize("name", MODULES)
def test_public_models_are_records(name: str) -> None:
    module = importlib.import_module(f"kitaru.{name}")
    models = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, BaseModel)]
    assert [one for one in models if one is not BaseModel and not issubclass(one, Record)] == []
    assert all(one.model_config["frozen"] for one in models if one is not BaseModel)


def test_a_record_takes_no_other_fields_and_no_changes() -> None:
    fields = {"name": "openai", "keys": ("api_key",), "private": True, "updated_at": "2026-01-31T14:00:00Z"}
    record = SecretInfo.model_validate(fields)
    with pytest.raises(ValidationError, match="frozen"):
        record.name = "other"
    with pytest.raises(ValidationError, match="not permitted"):
        SecretInfo.model_validate({**fields, "value": "sk-1"})
