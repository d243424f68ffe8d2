"""Checkpoints as a flow's body calls them: values, futures, maps, several outputs, names, caches, failures, context.

The programs stand in ``tests/programs/checkpoints``.
"""

from __future__ import annotations


def test_calls_return_values_and_futures_take_their_time(project):
    project.take("expecting.py", "checkpoints/calls_and_futures.py")
    out = project.run("calls_and_futures.py").stdout
    assert out == "{'one': 1, 'list': [8, (2, 3)], 'map': [1, 2]} [0, 1] [1, 2] (1, 2)\n"


def test_several_outputs_by_annotation(project):
    expected = (
        "[(1, 'a'), (2, [3]), (3, None), [1, 2], (1, (2,)), (1, 2, 3), 42, Both(a=1, b='b'), (1, 2), None, 'a string']"
    )
    program = project.take("checkpoints/several_outputs.py")
    assert project.run(program.name).stdout.splitlines()[0] == expected
    source = program.read_text(encoding="utf-8")
    project.write("later.py", f"from __future__ import annotations\n{source}")
    assert project.run("later.py").stdout.splitlines()[0] == expected


def test_failures_are_the_bodys_business_until_nobody_looks(project):
    project.take("checkpoints/failing_calls.py")
    out = project.run("failing_calls.py").stdout
    assert out == "('no 1', 'no 2', ['LookupError', 'LookupError'], 'after', 'at last', 'at last')\n"


def test_factories_names_and_the_cache(project):
    program = project.take("checkpoints/cached_calls.py")
    out = project.run("cached_calls.py").stdout.splitlines()
    assert out[0] == "(20, 30, [40, 50], 8, 0, [4, 6])"
    assert out[1] == str(["scale", "scale_2", "scale_3", "scale_4", "scale_5", "again", "scale_6", "scale_7"])
    assert out[2] == "cached"
    # Changed code is another checkpoint, and only that one runs again.
    source = program.read_text(encoding="utf-8")
    program.write_text(source.replace("# version 1", "# version 2"), encoding="utf-8")
    project.take("checkpoints/run_cached_again.py")
    assert project.run("run_cached_again.py").stdout == "['always', 'edited']\n"


def test_calls_in_the_wrong_place_say_where_they_belong(project):
    project.take("expecting.py", "checkpoints/wrong_places.py")
    assert project.run("wrong_places.py").stdout == "1\n"


def test_what_a_plain_zenml_step_in_the_body_returns_can_be_passed_on_and_returned(project):
    project.take("checkpoints/plain_steps.py")
    out = project.run("plain_steps.py", env={"KITARU_LOCAL_RUNNER": "inline"}).stdout.splitlines()
    assert out[-2] == "('2', '[2, 5]', [2, 2]) 3"
    assert out[-1] == "{'number': (), 'show': ('number',), 'show_2': ('number', 'show')}"


def test_a_checkpoint_takes_more_results_than_zenml_keeps_at_hand(project):
    """ZenML keeps a hundred steps for the inputs of later ones, here three, and drops those that it is about to use."""
    project.take("checkpoints/many_inputs.py")
    project.run("many_inputs.py", env={"ZENML_EXECUTION_CONTEXT_STEP_RUN_CACHE_SIZE": "3"})


def test_what_the_body_lets_go_of_is_gone(project):
    project.take("checkpoints/let_go.py")
    assert project.run("let_go.py").stdout == "[True, True, True, True]\n"
