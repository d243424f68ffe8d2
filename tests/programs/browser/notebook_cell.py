"""Print what a notebook shows of an execution; the second argument is its address in the dashboard."""

from __future__ import annotations

import sys

from kitaru import FlowHandle

if __name__ == "__main__":
    exec_id, address = sys.argv[1:]
    handle = FlowHandle.from_id(exec_id)
    assert handle.dashboard_url == handle.execution.dashboard_url == address
    assert handle._repr_html_() == handle.execution._repr_html_()
    print(handle._repr_html_())
