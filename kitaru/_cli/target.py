"""Finding the flow that a TARGET such as ``module:flow`` or ``path/to/file.py:flow`` names."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruError, KitaruUsageError

if TYPE_CHECKING:
    from types import ModuleType

    from kitaru.flows import Flow


def load_flow(target: str) -> Flow[..., Any]:
    """Import the module that a target names, and return its flow.

    The module is imported under a name by which the runner's process can import it again: a file under the name that it
    has as a script, with its folder on ``sys.path``, anything else as a module, with the working directory on ``sys.path``.

    Raises:
        KitaruUsageError: The target is malformed, the file or module is missing or cannot be imported, or the name
            in it is missing or no flow.
    """
    source, colon, name = target.rpartition(":")
    if not (source and colon and name):
        raise KitaruUsageError(
            f"TARGET must be module:flow or path/to/file.py:flow, not {target!r}.{_completed(target.rstrip(':'))}"
        )
    is_file = source.endswith(".py") or "/" in source or os.sep in source
    module = _import_file(Path(source)) if is_file else _import_module(source)
    return _flow_in(module, source, name)


def _completed(target: str) -> str:
    """Say how the flows of a file are named, where only the file was given."""
    path = Path(target)
    if path.suffix != ".py" or not path.is_file():
        module, dot, name = target.rpartition(".")
        return f" Did you mean '{module}:{name}'?" if dot and name.isidentifier() and name != "py" else ""
    flows = [f"kitaru run {quote(f'{target}:{name}')}" for name in _flows_of(_import_file(path))]
    return (
        f" Name the flow: {', '.join(flows)}." if flows else f" {target} has no flow; decorate a function with @flow."
    )


def _import_file(path: Path) -> ModuleType:
    from kitaru._core.code.modules import ref_of_script

    if not path.is_file():
        raise KitaruUsageError(f"There is no file {path}{_or_with_suffix(path)}")
    path = path.resolve()
    ref = ref_of_script(path)
    if path.suffix != ".py" or ref.name.rpartition(".")[2] != path.stem:
        raise KitaruUsageError(
            f"{path} cannot be imported: its name must be one word followed by .py, and not __main__. Rename the file."
        )
    sys.path.insert(0, str(path.parent))
    if ref.root not in sys.path:
        sys.path.append(ref.root)
    module = _import(ref.name, str(path))
    loaded_from = getattr(module, "__file__", None)
    if loaded_from is None or Path(loaded_from).resolve() != path:
        raise KitaruUsageError(
            f"{path} cannot be imported: the name {ref.name!r} belongs to another module"
            f" ({loaded_from or 'built into Python'}). Rename the file."
        )
    return module


def _or_with_suffix(path: Path) -> str:
    if path.name and path.with_name(f"{path.name}.py").is_file():
        return f"; did you mean {path}.py?"
    near = did_you_mean(str(path), map(str, path.parent.glob("*.py")))
    return f" (looked in {Path.cwd()}).{near}"


def _import_module(name: str) -> ModuleType:
    if not all(name.split(".")):
        raise KitaruUsageError(f"{name!r} is not the name of a module. Write TARGET as package.module:flow.")
    sys.path.insert(0, str(Path.cwd()))
    try:
        return _import(name, name)
    except KitaruUsageError as error:
        cause = error.__cause__
        # Missing is the target itself or a package above it; any other missing module is one that the target imports.
        if isinstance(cause, ModuleNotFoundError) and cause.name and f"{name}.".startswith(f"{cause.name}."):
            raise KitaruUsageError(
                f"There is no module {cause.name!r} in {Path.cwd()} or among the installed packages. "
                "A file can be given by its path: path/to/file.py:flow."
            ) from cause
        raise


def _import(name: str, shown: str) -> ModuleType:
    """Import a module of the user's; what goes wrong in it is told as theirs."""
    try:
        return importlib.import_module(name)
    except KitaruError:
        raise  # such as @flow(retries=-1): its message names the decorator already
    except (Exception, SystemExit) as error:
        raise KitaruUsageError(
            f"{shown} cannot be imported, its own code raised {type(error).__name__}: {error}\n"
            f"{_where_it_happened(error)}Fix the module, or the environment that it is run in."
        ) from error


def _where_it_happened(error: BaseException) -> str:
    """Show the frames of the traceback that are neither ours nor the import system's."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in {__file__, importlib.__file__} and not frame.filename.startswith("<frozen")
    ]
    if isinstance(error, SyntaxError):  # it has no frame of its own
        return f'  File "{error.filename}", line {error.lineno}\n'
    return "".join(traceback.format_list(frames))


def _flows_of(module: ModuleType) -> list[str]:
    from kitaru.flows import Flow

    return sorted(key for key, value in vars(module).items() if isinstance(value, Flow))


def _flow_in(module: ModuleType, source: str, name: str) -> Flow[..., Any]:
    from kitaru.flows import Flow

    flows = _flows_of(module)
    listed = f"Its flows are {', '.join(flows)}." if flows else "It has no flows; decorate a function with @flow."
    if not hasattr(module, name):
        raise KitaruUsageError(f"{source} has nothing named {name!r}.{did_you_mean(name, flows)} {listed}")
    value = getattr(module, name)
    if not isinstance(value, Flow):
        raise KitaruUsageError(f"{name!r} in {source} is not a flow but a {type(value).__name__}. {listed}")
    return value
