"""Flows that are started where the home is read-only."""

from __future__ import annotations

from functools import partial

import psutil  # type: ignore[import-untyped]
from expecting import refused
from patient_flows import quick

from kitaru import KitaruBackendError


def main() -> None:
    for run in (quick.run, partial(quick.run, "x" * 10_000), partial(quick.run, retries=2)):
        with refused(KitaruBackendError, "Read-only", "rights") as refusal:
            run()
        print(refusal.error)
        assert refusal.error.__cause__ is not None
    assert not psutil.Process().children(recursive=True)


if __name__ == "__main__":
    main()
