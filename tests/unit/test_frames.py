"""Logs show the user's own lines of a traceback."""

from __future__ import annotations

import traceback
from pathlib import Path

import kitaru
from kitaru import KitaruUsageError
from kitaru._core.code.frames import own_frames


def test_frames_of_the_machinery_are_left_out_and_the_others_stay() -> None:
    text = (
        "An exception has occurred.\nTraceback (most recent call last):\n"
        '  File "/venv/lib/python3.11/site-packages/zenml/steps/base_step.py", line 757, in call_entrypoint\n'
        "    return self.entrypoint(**validated_args)\n           ^^^^^^^^^^\n"
        f'  File "{Path(kitaru.__file__).parent}/_zenml/running/steps.py", line 3, in run\n    return call()\n'
        '  File "/home/ada/kitaru/flows.py", line 5, in parse\n    return int(text)\n           ^^^^\n'
        '  File "/venv/lib/python3.11/site-packages/httpx/_client.py", line 7, in get\n    raise\n'
        "ValueError: one\n"
    )
    assert own_frames(text) == (
        "An exception has occurred.\nTraceback (most recent call last):\n"
        '  File "/home/ada/kitaru/flows.py", line 5, in parse\n    return int(text)\n           ^^^^\n'
        '  File "/venv/lib/python3.11/site-packages/httpx/_client.py", line 7, in get\n    raise\n'
        "ValueError: one\n"
    )


def test_a_traceback_of_the_machinery_alone_and_other_text_stay_as_they_are() -> None:
    try:
        kitaru.configure(retries=-1)
    except KitaruUsageError as error:
        machinery = "".join(traceback.format_exception(error)[-2:])
    assert own_frames(machinery) == machinery
    assert own_frames('He said: File "x", line 3') == 'He said: File "x", line 3'
