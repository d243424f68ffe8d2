"""Making a fork of the host what a program that has just begun would be."""

from __future__ import annotations

import importlib
import os
import site
import sys
import sysconfig
from typing import TYPE_CHECKING, Any

from kitaru._core.process.forks import name_process, reseed, restore_signals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def become(request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    """Take over the surroundings of the process that asks for a fork.

    Args:
        request: Its environment, file mode mask and import path, and the arguments of the program.
        descriptors: The program's folder, stdin, stdout and stderr, and what else it is given, whose numbers it gets as
            its last arguments. The caller closes them.
    """
    folder, *streams = descriptors
    os.setsid()
    restore_signals()
    for number, descriptor in enumerate(streams[:3]):
        os.dup2(descriptor, number)
    os.fchdir(folder)
    os.umask(request["umask"])
    _take_environment(request["env"])
    sys.path[:] = request["path"]
    sys.argv[1:] = [*request["args"], *(str(os.dup(further)) for further in streams[3:])]
    importlib.invalidate_caches()
    reseed()
    name_process("kitaru-run")


def _take_environment(env: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    # What Python itself worked out from HOME as the host began; nothing else that the host loads looks at it.
    site.USER_BASE = site.USER_SITE = None
    variables = sysconfig.get_config_vars()
    if "userbase" in variables:
        variables["userbase"] = site.getuserbase()
