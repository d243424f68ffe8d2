"""Contexts of the local kubeconfig, as the configuration of ZenML service connectors."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from yaml import YAMLError

from kitaru.errors import KitaruStackError

NOT_INSTALLED = "The package kubernetes is not installed. Install it: `pip install 'kitaru-zenml[kubernetes]'`."


def connector_configuration(context: str) -> dict[str, Any]:
    """Return a context's cluster and credentials as a ``kubernetes`` connector with method ``token`` takes them.

    Raises:
        KitaruStackError: There is no such context, or its credentials cannot be copied.
    """
    try:
        from kubernetes import client, config
    except ImportError as error:
        raise KitaruStackError(NOT_INSTALLED) from error
    _check(context)
    loaded = client.Configuration()
    config.load_kube_config(context=context, client_configuration=loaded)
    token = (loaded.api_key.get("authorization") or "").removeprefix("Bearer ").strip()
    fields = {
        "server": loaded.host,
        "cluster_name": context,
        "token": token or None,
        "certificate_authority": _encoded(loaded.ssl_ca_cert),
        "client_certificate": _encoded(loaded.cert_file),
        "client_key": _encoded(loaded.key_file),
        "insecure": None if loaded.verify_ssl else True,
    }
    return {name: value for name, value in fields.items() if value is not None}


def context_names() -> list[str]:
    """Return the contexts of the local kubeconfig; none where there is no kubeconfig.

    Raises:
        KitaruStackError: It cannot be read.
    """
    try:
        from kubernetes import config
        from kubernetes.config import kube_config
    except ImportError:
        return []
    try:
        contexts, _ = config.list_kube_config_contexts()
    except config.ConfigException:
        return []
    except (OSError, YAMLError) as error:
        raise KitaruStackError(
            f"The kubeconfig {kube_config.KUBE_CONFIG_DEFAULT_LOCATION} cannot be read ({' '.join(str(error).split())}). "
            f"Mend it, or name another one by KUBECONFIG."
        ) from error
    return [str(entry["name"]) for entry in contexts]


def require(context: str) -> None:
    """See that a context is in the local kubeconfig.

    Raises:
        KitaruStackError: It is not, or the kubeconfig cannot be read.
    """
    names = context_names()
    if context in names:
        return
    from kubernetes.config import kube_config

    raise KitaruStackError(
        f"There is no kube context {context!r}. The contexts of {kube_config.KUBE_CONFIG_DEFAULT_LOCATION} are "
        f"{', '.join(names) or 'none'}; `kubectl config get-contexts` shows them, and KUBECONFIG names another file."
    )


def _check(context: str) -> None:
    from kubernetes import config
    from kubernetes.config import kube_config

    require(context)
    contexts, _ = config.list_kube_config_contexts()
    user = next(entry["context"].get("user") for entry in contexts if entry["name"] == context)
    users = kube_config.KubeConfigMerger(kube_config.KUBE_CONFIG_DEFAULT_LOCATION).config["users"]
    credentials: dict[str, Any] = next((entry["user"] for entry in users.value if entry["name"] == user), {})
    if "exec" in credentials or "auth-provider" in credentials:
        raise KitaruStackError(
            f"Kube context {context!r} gets its credentials from a login command, and they expire: they cannot be copied "
            f"for pods to use. Register a ZenML service connector for the cluster (`zenml service-connector register`) "
            f"and give it: --set connector=NAME."
        )


def _encoded(path: str | None) -> str | None:
    return base64.b64encode(Path(path).read_bytes()).decode() if path else None
