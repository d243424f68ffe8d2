"""Four executions: one is lost, one waits for an answer, one fails by its code, one runs."""

from __future__ import annotations

from mortal_flows import asking, course, holding, three
from outcomes import ended, executions, out, until

if __name__ == "__main__":
    lost, paused, held = three.run("between kill"), asking.run(0.1), holding.run()
    wrong = course.run(1, "no number")  # type: ignore[call-overload]  # which fails it
    until(lambda: [a.outcome for a in executions.get(paused.exec_id).attempts] == ["waiting"])
    ended(lost.exec_id)
    ended(wrong.exec_id)
    out([handle.exec_id for handle in (lost, paused, wrong, held)])
