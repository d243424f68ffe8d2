"""A flow asks a person in the middle, for a second or for days."""

from __future__ import annotations

# What the programs of these tests share.
HELPERS = ("right_call/marks.py", "expecting.py")


def test_answers_of_every_type_while_the_runner_looks(project):
    project.take(*HELPERS, "waits/questions.py", "waits/half_asked.py", "waits/answers_of_every_type.py")
    project.run("answers_of_every_type.py")


def test_a_paused_flow_has_no_process_and_an_answer_starts_it_again(project, home, eventually):
    project.take(*HELPERS, "waits/questions.py", "waits/answer_paused.py")
    project.write(
        "submit.py",
        """
        from questions import patient
        print(patient.run().exec_id)
        """,
    )
    exec_id = project.run("submit.py").stdout.strip()
    eventually(lambda: not home.processes(), timeout=300, what="the end of the paused flow's processes")
    project.run("answer_paused.py", exec_id)
    assert (project.path / "ran.txt").read_text() == "part 7\npart 8\n"


def test_wait_and_its_kin_belong_into_a_flow(project):
    project.take(*HELPERS, "waits/out_of_place.py")
    project.run("out_of_place.py")
