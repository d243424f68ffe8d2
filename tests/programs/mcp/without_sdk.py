"""The command ``kitaru-mcp`` where the SDK of the protocol is not installed."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.modules["mcp"] = None  # type: ignore[assignment]  # as if it were not installed
    from kitaru._mcp.main import main

    sys.argv = ["kitaru-mcp"]
    main()
