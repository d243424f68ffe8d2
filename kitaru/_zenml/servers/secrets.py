"""ZenML's secret store."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from zenml.exceptions import EntityExistsError
from zenml.utils.pagination_utils import depaginate

from kitaru._core.records.secrets import SecretInfo
from kitaru._core.words.suggest import did_you_mean
from kitaru._zenml.door.store import open_client, translated
from kitaru._zenml.records.runs import utc
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from zenml.models import SecretResponse

# Names that begin so are Kitaru's own records, such as aliases of models; they hold no secrets.
OWN = "kitaru_model_"


def write(name: str, values: dict[str, str], *, private: bool = False) -> SecretInfo:
    """Make a secret, or add values to the one that exists."""
    with translated(f"storing secret {name}"):
        client = open_client()
        with suppress(EntityExistsError):
            return _info(client.create_secret(name, values, private=private))
        secret = client.get_secret_by_name_and_private_status(name)
        return _info(client.update_secret(secret.id, add_or_update_values=values))


def list_all(*, own: bool = False) -> list[SecretInfo]:
    """Return the secrets by name.

    Args:
        own: Whether Kitaru's own records are asked for, instead of what users have stored.
    """
    with translated("listing secrets"):
        client = open_client()
        entries = depaginate(client.list_secrets, size=200)
        # A list tells no keys; those who may not read a secret see none of it here either.
        secrets = [_info(client.zen_store.get_secret(one.id)) for one in entries if one.name.startswith(OWN) == own]
    return sorted(secrets, key=lambda secret: secret.name)


def read(name: str) -> dict[str, str]:
    """Return the values of a secret.

    Raises:
        KitaruUsageError: There is none of that name.
    """
    with translated(f"reading secret {name}"):
        return dict(_secret(name).secret_values)


def delete(name: str) -> None:
    """Delete a secret; errors as :func:`read`."""
    with translated(f"deleting secret {name}"):
        secret = _secret(name)
        open_client().zen_store.delete_secret(secret.id)


def _secret(name: str) -> SecretResponse:
    try:
        return open_client().get_secret_by_name_and_private_status(name)
    except KeyError:
        known = [secret.name for secret in list_all(own=name.startswith(OWN))]
        raise KitaruUsageError(
            f"There is no secret {name!r} in ZenML's store.{did_you_mean(name, known)} "
            f"There {'are' if len(known) > 1 else 'is'}: {', '.join(known) or 'none'}."
        ) from None


def _info(secret: SecretResponse) -> SecretInfo:
    moment = utc(secret.updated)
    assert moment is not None
    return SecretInfo(name=secret.name, keys=tuple(sorted(secret.values)), private=secret.private, updated_at=moment)
