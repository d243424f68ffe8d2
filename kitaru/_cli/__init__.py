"""The command line: click commands, one noun a file, no logic that the public API lacks."""

from typing import Final

COMPLETING: Final = "_KITARU_COMPLETE"
"""The variable that a shell sets which asks what can stand at the cursor."""
