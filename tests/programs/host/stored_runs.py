"""Prints what ZenML has stored of each run, but for what differs from one run to the next."""

from __future__ import annotations

import json
import re

from zenml.client import Client

VARYING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*|"
    r"\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d-[0-9a-f]{6}"
)

seen = []
for run in reversed(Client().list_pipeline_runs(hydrate=True).items):
    assert run.snapshot is not None
    snapshot = Client().get_snapshot(run.snapshot.id)
    stored = [run.model_dump(mode="json"), snapshot.model_dump(mode="json")]
    del stored[0]["body"]["index"], stored[0]["metadata"]["config"]["substitutions"]["time"]
    extra = stored[0]["metadata"]["config"]["extra"]["kitaru"]
    for place in (extra, stored[1]["metadata"]["pipeline_configuration"]["extra"]["kitaru"]):
        assert place.pop("submitted_by")["pid"] > 1
    seen.append(json.loads(VARYING.sub("...", json.dumps(stored))))
print(json.dumps(seen))
