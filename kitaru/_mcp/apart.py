"""What runs the user's code runs in a process of its own, each time a new one.

An assistant edits a flow and runs it, again and again, while the server goes on: the server itself would keep the code
that it has imported first. What that code prints, changes or breaks, does not reach the server either.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import anyio

from kitaru.errors import KitaruError


async def ask(request: str, **arguments: Any) -> Any:
    """Have a new process do something, and return what it found.

    Args:
        request: What; see :mod:`kitaru._mcp.child`.
        arguments: Its arguments, plain data.

    Raises:
        KitaruError: As it says.
    """
    # -P: a file of the user's such as json.py must not be taken for a module of Python's.
    command = [sys.executable, "-P", "-m", "kitaru._mcp.child", request]
    done = await anyio.run_process(command, input=json.dumps(arguments).encode(), stderr=None, check=False)
    try:
        reply = json.loads(done.stdout)
    except ValueError as error:
        raise KitaruError(
            f"The process that loads the flow's code ended without an answer, with exit code {done.returncode}. What it "
            f"put out is in the log of this server. Does the module end the process when it is imported?"
        ) from error
    if "error" in reply:
        raise KitaruError(reply["error"])
    return reply["found"]
