"""``python -m kitaru`` is the ``kitaru`` command."""

from __future__ import annotations

from kitaru._cli.entry import main

if __name__ == "__main__":
    main()
