"""The worker: loads the flow's module and drives ZenML's runner for one execution."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from kitaru._core import crash_points, loading
from kitaru._runner import files
from kitaru.errors import KitaruBackendError, KitaruUsageError


class RunnerStopped(BaseException):
    """The worker was asked to end."""


def main(directory: Path) -> None:
    """Load ZenML, wait to be told the execution's directory, and run it.

    Args:
        directory: The first name of the directory; nothing in it has been needed so far.
    """
    last_words = int(os.environ.pop(files.LAST_WORDS_VARIABLE))
    files.become_worker(directory, last_words)
    _preload()
    gc.freeze()  # what has been loaded stays: no collection need look at it
    gc.enable()
    line = sys.stdin.readline().strip()
    if not line:
        return
    told, generation, changes = json.loads(line)
    files.become_worker(Path(told), last_words)
    os.close(0)
    os.open(os.devnull, os.O_RDONLY)
    try:
        _run({**files.read(Path(told) / files.JOB), **changes}, generation)
    except BaseException as error:
        files.say_last_words(f"{type(error).__name__}: {error}")
        raise
    files.say_last_words(files.FINISHED)


def _preload() -> None:
    try:
        from kitaru._zenml import execute, store  # noqa: F401
    except KitaruBackendError as error:  # no ZenML that Kitaru works with: no attempt of this process can be recorded
        files.say_last_words(str(error))
        sys.exit(f"kitaru: {error}")
    with contextlib.suppress(Exception):  # whoever needs the store next meets the same error, and can tell it
        store.open_client()


def _run(job: dict[str, Any], generation: str) -> None:
    from kitaru._zenml import execute, records, runs, store

    exec_id = job["exec_id"]
    store.open_client()
    with runs.exclusive():
        if not files.is_current(generation):
            return  # it has been retried while this process was loading, and has another runner
        if job.get("bury"):
            records.mark_lost(exec_id, job["lost"])
            return
    signal.signal(signal.SIGTERM, _stop)
    crash_points.reach("worker, before")
    try:
        load_flow(job)
    except RunnerStopped:
        raise  # its supervisor knows why, and says so
    except BaseException as error:  # noqa: BLE001 - a module may do anything while it is imported
        records.ensure_failed(exec_id, error)
        return
    execute.run_execution(exec_id, job.get("lost"))


def load_flow(job: dict[str, Any]) -> None:
    """Import the module of the flow, without starting what its top level starts.

    Raises:
        KitaruUsageError: The module is imported, and the flow is not in it.
        Exception: Whatever the module raises.
    """
    from kitaru._zenml import source_root

    source_root.use_source_root(job["source_root"])
    name, file = job["module"]["name"], job["module"]["file"]
    if name not in sys.modules:
        with loading.loading(job["exec_id"]):
            _import(name, file)
    if not hasattr(sys.modules[name], job["entry"]):
        raise KitaruUsageError(
            f"Flow {job['flow']!r} is not there when its module {name!r} is imported. The runner imports the module, it "
            f"does not run it as a script: define the flow at the module's top level, outside of "
            f'`if __name__ == "__main__":` and of functions, and before the line that starts it.'
        )


def _import(name: str, file: str | None) -> None:
    parent, _, child = name.rpartition(".")
    if parent:
        importlib.import_module(parent)
    spec = importlib.util.spec_from_file_location(name, file) if file else importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r} on the import path {sys.path}", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # A script has printed already, where it was started; what it prints while it is imported would come twice.
    silenced = contextlib.redirect_stdout(None) if file else contextlib.nullcontext()
    try:
        with silenced:
            spec.loader.exec_module(module)
    except loading.StopLoading:
        pass  # it waits for its own execution; what comes after is not for the runner
    except BaseException:
        sys.modules.pop(name, None)
        raise
    if parent:
        setattr(sys.modules[parent], child, module)


def _stop(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise RunnerStopped("the runner was asked to end (SIGTERM)")
