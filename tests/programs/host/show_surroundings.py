"""Runs the flow that looks around, and prints what it saw."""

from __future__ import annotations

import json

from surroundings import look_around

print(json.dumps(look_around.run().wait(timeout=300, progress=False)))
