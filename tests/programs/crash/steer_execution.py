"""Retry an execution, or answer its question: ``retry ID``, ``input ID WORD``."""

from __future__ import annotations

import sys

from outcomes import executions

if __name__ == "__main__":
    verb, exec_id, *word = sys.argv[1:]
    if verb == "retry":
        executions.retry(exec_id)
    else:
        executions.input(exec_id, value=word[0])
