"""The home becomes read-only in a checkpoint; the execution is retried once it can be written to again."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from mortal_flows import holding
from outcomes import ended, executions, out, until


def mount(*arguments: str, check: bool = True) -> None:
    subprocess.run(["mount", *arguments], check=check)


def main() -> None:
    home = os.environ["HOME"]
    handle = holding.run(retries=1)
    runner = Path(os.environ["ZENML_CONFIG_PATH"]) / "kitaru" / "executions" / handle.exec_id / "runner.json"
    until(Path(f"{handle.exec_id}.holding").exists)
    processes = [psutil.Process(p["pid"]) for p in json.loads(runner.read_text())["processes"]]
    mount("-o", "remount,bind,ro", home, check=False)
    if os.access(home, os.W_OK):  # files are open for writing: cover it with a mount that refuses
        mount("--bind", home, home)
        mount("-o", "remount,bind,ro", home)
    Path(f"{handle.exec_id}.go").touch()
    _gone, alive = psutil.wait_procs(processes, timeout=300)
    assert not alive, alive
    mount("-o", "remount,bind,rw", home)
    failed = ended(handle.exec_id)
    executions.retry(handle.exec_id)
    out((handle.exec_id, failed, ended(handle.exec_id), handle.get()))


if __name__ == "__main__":
    main()
