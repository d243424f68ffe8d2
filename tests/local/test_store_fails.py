"""What code inside a flow meets where the store fails: an error of Kitaru's that says what was being done."""

from __future__ import annotations

import json


def test_what_records_something_raises_an_error_of_kitarus(project):
    shown = json.loads(project.run(project.take("store_fails/gone_table.py")).stdout.splitlines()[-1])
    for call, doing in {
        "log": "recording metadata",
        "progress": "recording metadata",
        "save": "storing the value of kitaru.save('draft', ...)",
    }.items():
        error, message = shown[call]
        assert error == "KitaruBackendError"
        assert message.startswith(f"{doing} failed: ZenML's database could not be used"), message
