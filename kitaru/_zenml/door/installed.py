"""What is installed beside this process, worked out once for each state of the environment.

At each submission ZenML asks pip, in a process of its own, what is installed, and looks through the requirements of
all its integrations twice: most of the time that a submission takes. Neither answer changes before something is
installed, which touches a directory of the import path.

It then imports every installed library that it has an integration for: scikit-learn, PyTorch, all of them, in a flow
that needs none. Here an integration whose materializers are all it has waits until its library has been imported.
"""

from __future__ import annotations

import json
import os
import re
import sys
import sysconfig
import threading
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from zenml.materializers import CloudpickleMaterializer

from kitaru._zenml.door.private import activate_integrations, ask_here, check_integrations, registered_materializer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zenml.materializers.base_materializer import BaseMaterializer

# What pip leaves out when it lists an environment to be built again: it comes with the environment.
_NOT_LISTED = frozenset({"pip", "setuptools", "wheel", "distribute"})
# Integrations that register materializers and nothing else, by the package that defines the types these are for. No
# process that has not imported it can have a value of such a type.
LIBRARIES: Final = {
    "deepchecks": "deepchecks",
    "great_expectations": "great_expectations",
    "jax": "jax",
    "lightgbm": "lightgbm",
    "mlx": "mlx",
    "neural_prophet": "neuralprophet",
    "numpy": "numpy",
    "pandas": "pandas",
    "pillow": "PIL",
    "polars": "polars",
    "pytorch": "torch",
    "pytorch_lightning": "pytorch_lightning",
    "scipy": "scipy",
    "sklearn": "sklearn",
    "spark": "pyspark",
    "tensorflow": "tensorflow",
    "xgboost": "xgboost",
}
# https://packaging.python.org/en/latest/specifications/core-metadata
_HEADER: Final = re.compile(r"^(Name|Version):[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_activating = threading.Lock()


def ask_once() -> None:
    """Have ZenML take the remembered answers from here on; further calls do nothing."""
    ask_here(packages, activate)


def packages() -> list[str]:
    """Return what is installed, as ``pip freeze`` lists it."""
    return list(_packages_of(_environment()))


def package_of(module: str) -> str | None:
    """Return the distribution that a module belongs to, as ZenML tells it: None where several have its first name.

    ZenML goes through all files of all distributions for each class that it records, which takes up to a second.
    """
    names = _distributions_in(_environment()).get(module.partition(".")[0], [])
    return names[0] if len(names) == 1 else None


def activate() -> None:
    """Register what ZenML's installed integrations bring along, as far as this process can have met it."""
    with _activating:  # ZenML finds them while it compiles, which two threads may do at once
        waiting = _waiting_in(_environment())
        met = {name for name in waiting if LIBRARIES[name] in sys.modules}
        if met:
            waiting -= met
            activate_integrations(met.__contains__)


def materializer_of(kind: type[Any]) -> type[BaseMaterializer]:
    """Return ZenML's materializer for a type.

    Those of ZenML's integrations are registered when a type of an installed package has none: looking for them costs
    half a second.
    """
    materializer = registered_materializer(kind)
    if materializer is CloudpickleMaterializer and any(_is_installed(base.__module__) for base in kind.__mro__):
        activate()
        materializer = registered_materializer(kind)
    return materializer


def _is_installed(module: str) -> bool:
    file = getattr(sys.modules.get(module.partition(".")[0]), "__file__", None) or ""
    return file.startswith((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))


def look_around() -> None:
    """Work out what takes a while, and imports nothing, for the forks of this process."""
    packages()
    _installed_integrations(_environment())
    _distributions_in(_environment())


def _environment() -> tuple[tuple[str, int], ...]:
    """Return a value that changes when something is installed: the folders in which something is, and since when."""
    entries = ((entry, _modified(entry)) for entry in sys.path)
    return tuple(entry for entry in entries if _holds_distributions(*entry))


def _modified(entry: str) -> int:
    try:
        return os.stat(entry).st_mtime_ns  # noqa: PTH116 - much faster than a Path
    except OSError:
        return 0


@lru_cache(maxsize=256)
def _holds_distributions(entry: str, _modified: int) -> bool:
    return next(iter(metadata.distributions(path=[entry])), None) is not None


@lru_cache(maxsize=1)
def _packages_of(_state: object) -> tuple[str, ...]:
    """Return the installed distributions as ``pip freeze`` would; the first of a name on the import path is meant."""
    requirements: dict[str, str] = {}
    path = [entry for entry in sys.path if not entry.endswith("_vendor")]  # setuptools' own, for itself alone
    for distribution in metadata.distributions(path=path):
        name, version = _name_and_version(distribution)
        if name and name.lower() not in _NOT_LISTED:
            requirements.setdefault(name.lower(), _requirement(name, version, distribution))
    return tuple(requirements[name] for name in sorted(requirements))


@lru_cache(maxsize=1)
def _distributions_in(_state: object) -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


@lru_cache(maxsize=1)
def _waiting_in(state: object) -> set[str]:
    """Activate the integrations that wait for no library, and return the others."""
    activate_integrations(lambda name: name in _installed_integrations(state) and name not in LIBRARIES)
    return set(LIBRARIES)


@lru_cache(maxsize=1)
def _installed_integrations(_state: object) -> frozenset[str]:
    return frozenset(name for name, installed in check_integrations() if installed)


def _name_and_version(distribution: metadata.Distribution) -> tuple[str, str]:
    """Read two headers; ``Distribution.metadata`` parses the description behind them too, a second for all packages."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    headers = dict(_HEADER.findall(text.partition("\n\n")[0]))
    return headers.get("Name", ""), headers.get("Version", "")


def _requirement(name: str, version: str, distribution: metadata.Distribution) -> str:
    """Return the requirement that gives a distribution: from an index, or from where PEP 610 says it came."""
    origin = _origin(distribution)
    url = origin.get("url")
    if not url:
        return f"{name}=={version}"
    if origin.get("dir_info", {}).get("editable"):
        return f"-e {url.removeprefix('file://')}"
    vcs = origin.get("vcs_info")
    return f"{name} @ {vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else f"{name} @ {url}"


def _origin(distribution: metadata.Distribution) -> dict[str, Any]:
    try:
        read = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
