"""Secrets and aliases of models are set, listed, changed and deleted, and what is wrong with them is refused."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from expecting import raised

import kitaru
from kitaru import KitaruUsageError
from kitaru.secrets import delete_secret, get_secret, list_secrets, set_secret

if TYPE_CHECKING:
    from collections.abc import Callable

# As Any: type checkers take it for an object.
llm: Any = kitaru.llm


def refused(call: Callable[[], object], *words: str) -> None:
    raised(KitaruUsageError, call, *words)


def nothing_is_there() -> None:
    assert list_secrets() == []
    assert kitaru.list_models() == []
    refused(lambda: llm("x"), "no default", "kitaru model register")


def secrets_are_set() -> None:
    number: Any = 12345
    refused(lambda: set_secret("a b", {"k": "v"}), "'a b'")
    refused(lambda: set_secret("a", {}), "one value")
    refused(lambda: set_secret("a", {"k": ""}), "nothing")
    refused(lambda: set_secret("a", {"k": number}), "int")
    assert set_secret("creds", {"api_key": "one", "region": "eu"}).keys == ("api_key", "region")
    assert set_secret("creds", {"api_key": "two"}).keys == ("api_key", "region")
    assert get_secret("creds") == {"api_key": "two", "region": "eu"}
    refused(lambda: get_secret("cresd"), "Did you mean 'creds'")


def aliases_are_registered() -> None:
    refused(lambda: kitaru.register_model("a", "gpt"), "PROVIDER:MODEL")
    refused(lambda: kitaru.register_model("a b", "x:y"), "'a b'")
    refused(lambda: kitaru.register_model("a", "x:y", secret="nowhere"), "nowhere")
    assert kitaru.register_model("a", "test:one", secret="creds").is_default
    assert not kitaru.register_model("b", "test:two").is_default
    assert kitaru.register_model("a", "test:three").secret is None
    kitaru.set_default_model("b")
    models = [(model.alias, model.model, model.is_default) for model in kitaru.list_models()]
    assert models == [("a", "test:three", False), ("b", "test:two", True)]
    refused(lambda: kitaru.delete_model("c"), "no model alias 'c'")
    kitaru.delete_model("b")
    assert [model.is_default for model in kitaru.list_models()] == [False]


def secrets_are_deleted() -> None:
    (secret,) = list_secrets()
    assert secret.name == "creds"
    assert secret.keys == ("api_key", "region")
    delete_secret("creds")
    assert list_secrets() == []
    set_secret("left", {"word": "visible"})


def main() -> None:
    nothing_is_there()
    secrets_are_set()
    aliases_are_registered()
    secrets_are_deleted()
    assert "pydantic_ai" in sys.modules  # llm() has loaded it, and nothing before did


if __name__ == "__main__":
    main()
