"""A flow that tells what it runs with; prints that, and whether the program has loaded ZenML for it."""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata

import shipped  # type: ignore[import-not-found]

from kitaru import flow


@flow(cache=False)
def tell() -> dict[str, str | None]:
    return {
        "version": shipped.VERSION,
        "distribution": metadata.version("shipped"),
        "prefix": sys.prefix,
        "configuration": os.environ.get("ZENML_CONFIG_PATH"),
    }


if __name__ == "__main__":
    handle = tell.run()
    told = handle.wait(timeout=300, progress=False)
    print(json.dumps({**told, "exec_id": handle.exec_id, "loaded": "zenml" in sys.modules}))
