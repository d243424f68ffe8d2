"""Settings: each layer, which one wins, where a value came from, and what is refused in each."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kitaru._core.settings import environment, pyproject, settings
from kitaru._core.settings.settings import SETTINGS, Provenance, resolve, validate_options
from kitaru.config import configure
from kitaru.errors import KitaruUsageError
from kitaru.image import ImageSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def clean_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No layer gives anything: an empty project, no variables, nothing configured."""
    import os

    for variable in [name for name in os.environ if name.startswith("KITARU_")]:
        monkeypatch.delenv(variable)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    yield
    configure(**dict.fromkeys(SETTINGS))


@pytest.fixture
def write_pyproject(tmp_path: Path) -> Callable[[str], str]:
    """Write pyproject.toml and return the detail under which its settings appear."""

    def write(content: str) -> str:
        (tmp_path / "pyproject.toml").write_text(content)
        return f"{tmp_path / 'pyproject.toml'} [tool.kitaru]"

    return write


# -- layers and provenance --------------------------------------------------------------------------------------------


def test_without_any_layer_the_built_in_defaults_apply() -> None:
    resolved = resolve()
    assert (resolved.stack, resolved.image, resolved.cache, resolved.retries) == (None, None, True, 0)
    assert resolved.provenance == {
        "stack": Provenance("active stack", "the active stack"),
        "image": Provenance("default", "built-in default"),
        "cache": Provenance("default", "built-in default"),
        "retries": Provenance("default", "built-in default"),
    }


def test_each_layer_wins_over_those_below_it(
    write_pyproject: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Layers are added from the lowest to the highest, and each new one takes over with its own provenance."""
    seen = []
    where = write_pyproject('[tool.kitaru]\nstack = "from-file"\n')
    seen.append(resolve())
    monkeypatch.setenv("KITARU_STACK", "from-env")
    seen.append(resolve())
    configure(stack="from-configure")
    seen.append(resolve())
    decorator = validate_options("@flow", stack="from-flow")
    seen.append(resolve(flow=decorator))
    with_options = validate_options(".with_options", stack="from-options")
    seen.append(resolve(flow=(with_options, decorator)))
    seen.append(resolve(flow=(with_options, decorator), run=validate_options(".run", stack="from-run")))
    assert [(resolved.stack, resolved.provenance["stack"]) for resolved in seen] == [
        ("from-file", Provenance("pyproject", where)),
        ("from-env", Provenance("environment", "KITARU_STACK")),
        ("from-configure", Provenance("configure", "kitaru.configure(stack=)")),
        ("from-flow", Provenance("flow", "@flow(stack=)")),
        ("from-options", Provenance("flow", ".with_options(stack=)")),
        ("from-run", Provenance("run", ".run(stack=)")),
    ]


@pytest.mark.parametrize(("name", "lower", "upper"), [("cache", True, False), ("retries", 3, 0)])
def test_false_and_zero_are_values_that_win(name: str, lower: object, upper: object) -> None:
    configure(**{name: lower})
    resolved = resolve(run=validate_options(".run", **{name: upper}))
    assert getattr(resolved, name) == upper
    assert resolved.provenance[name].layer == "run"


def test_every_pair_of_layers_and_setting_obeys_the_order(
    write_pyproject: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pyproject('[tool.kitaru]\nstack = "s"\nimage = "i"\ncache = false\nretries = 1\n')
    values = {"stack": "s2", "image": "i2", "cache": True, "retries": 2}
    texts = {"stack": "s2", "image": "i2", "cache": "true", "retries": "2"}
    for name, above in itertools.product(values, ("environment", "configure", "flow", "run")):
        with monkeypatch.context() as patch:
            options = {name: values[name]} if above != "environment" else {}
            if above == "environment":
                patch.setenv(f"KITARU_{name.upper()}", texts[name])
            configure(**(options if above == "configure" else {}))
            calls = {above: validate_options("call", **options)} if above in {"flow", "run"} else {}
            resolved = resolve(**calls)
            configure(**dict.fromkeys(SETTINGS))
        key = "image.base_image" if name == "image" else name
        assert resolved.provenance[key].layer == above
        assert resolved.to_json()[key]["value"] == values[name]


def test_images_of_all_layers_merge_and_each_field_keeps_its_origin(
    write_pyproject: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = write_pyproject(
        '[tool.kitaru.image]\nbase_image = "low"\nuser = "app"\napt_packages = ["git", "curl"]\n'
        'environment = { A = "file", B = "file" }\n'
    )
    monkeypatch.setenv("KITARU_IMAGE", '{"environment": {"B": "env", "C": "env"}}')
    flow = validate_options("@flow", image={"apt_packages": ["jq"]})
    resolved = resolve(flow=flow, run=validate_options(".run", image="high"))
    assert resolved.image == ImageSettings(
        base_image="high", user="app", apt_packages=["jq"], environment={"A": "file", "B": "env", "C": "env"}
    )
    details = {path: origin.detail for path, origin in resolved.provenance.items() if path.startswith("image")}
    assert details == {
        "image.base_image": ".run(image=)",
        "image.environment.A": where,
        "image.environment.B": "KITARU_IMAGE",
        "image.environment.C": "KITARU_IMAGE",
        "image.apt_packages": "@flow(image=)",
        "image.user": where,
    }


def test_an_empty_image_is_as_good_as_none() -> None:
    resolved = resolve(run=validate_options(".run", image={}))
    assert resolved.provenance["image"].layer == "default"
    assert resolved.to_json()["image"]["value"] is None


def test_resolved_settings_are_plain_json() -> None:
    options = validate_options(".run", image={"base_image": "b", "environment": {"K": "v"}}, cache=False)
    data = resolve(run=options).to_json()
    assert json.loads(json.dumps(data)) == data
    assert data["cache"] == {"value": False, "layer": "run", "detail": ".run(cache=)"}
    assert data["stack"] == {"value": None, "layer": "active stack", "detail": "the active stack"}
    assert data["image.environment.K"] == {"value": "v", "layer": "run", "detail": ".run(image=)"}


def test_a_plain_mapping_gets_the_usual_place() -> None:
    resolved = resolve(run={"retries": 1}, flow={"cache": False})
    assert resolved.provenance["retries"].detail == ".run(retries=)"
    assert resolved.provenance["cache"].detail == "@flow(cache=)"


# -- options of calls -------------------------------------------------------------------------------------------------


def test_only_the_given_options_are_returned() -> None:
    assert validate_options("@flow") == {}
    assert validate_options("@flow", retries=0, cache=False) == {"retries": 0, "cache": False}


def test_options_survive_pickling_and_copying() -> None:
    options = validate_options(".with_options", retries=2)
    for twin in (pickle.loads(pickle.dumps(options)), copy.deepcopy(options), copy.copy(options)):
        assert twin == options
        assert twin.where == ".with_options"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": True}, ".run(retries=) gives True (bool)"),
        ({"retries": 1.5}, ".run(retries=) gives 1.5 (float)"),
        ({"retries": -1}, ".run(retries=) gives -1 (int)"),
        ({"retries": "2"}, ".run(retries=) gives '2' (str)"),
        ({"cache": 1}, "cache must be True or False, but .run(cache=) gives 1 (int)"),
        ({"cache": "yes"}, ".run(cache=) gives 'yes' (str)"),
        ({"stack": ""}, "stack must be the name of a stack, but .run(stack=) gives '' (str)"),
        ({"stack": "  "}, ".run(stack=)"),
        ({"stack": 7}, ".run(stack=) gives 7 (int)"),
        ({"image": 7}, ".run(image=) gives int"),
        ({"image": {"apt_packages": [""]}}, "The image from .run(image=) is not valid: image.apt_packages[0]"),
    ],
)
def test_a_wrong_option_names_the_parameter_and_the_call(options: dict[str, object], message: str) -> None:
    with pytest.raises(KitaruUsageError) as caught:
        validate_options(".run()", **options)
    assert message in str(caught.value)
    assert next(iter(options)) in str(caught.value)


# -- configure --------------------------------------------------------------------------------------------------------


def test_configure_leaves_what_is_not_named_and_clears_with_none() -> None:
    configure(stack="s", retries=2)
    configure(cache=False)
    configure(stack=None)
    resolved = resolve()
    assert (resolved.stack, resolved.cache, resolved.retries) == (None, False, 2)
    assert resolved.provenance["stack"].layer == "active stack"


def test_a_wrong_value_changes_nothing() -> None:
    configure(retries=2)
    with pytest.raises(KitaruUsageError, match=r"kitaru\.configure\(cache=\)"):
        configure(retries=5, cache="no")
    assert resolve().retries == 2


def test_the_image_of_an_earlier_call_is_replaced_whole() -> None:
    configure(image={"user": "app"})
    configure(image="python:3.11")
    assert resolve().image == ImageSettings(base_image="python:3.11")


def test_no_thread_loses_the_change_of_another() -> None:
    """Each thread owns one setting, and finds in the layer what it has just put there, however they interleave."""
    lost = []

    def count(name: str, values: list[object]) -> None:
        for value in values:
            configure(**{name: value})
            if settings._configured[name] != value:
                lost.append((name, value))

    each = {"retries": list(range(2000)), "stack": list("ab" * 1000), "cache": [True, False] * 1000}
    threads = [threading.Thread(target=count, args=item) for item in each.items()]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert lost == []


# -- the environment --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("1", True),
        ("YES", True),
        ("On", True),
        ("false", False),
        ("0", False),
        ("no", False),
        ("OFF", False),
    ],
)
def test_words_for_the_cache(text: str, value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_CACHE", text)
    assert resolve().cache is value


@pytest.mark.parametrize(
    ("variable", "text", "accepted"),
    [
        ("KITARU_CACHE", "maybe", "true, false, 1, 0, yes, no, on or off"),
        ("KITARU_RETRIES", "-1", "a whole number, 0 or more"),
        ("KITARU_RETRIES", "1.5", "a whole number, 0 or more"),
        ("KITARU_RETRIES", "True", "a whole number, 0 or more"),
        ("KITARU_RETRIES", "²", "a whole number, 0 or more"),
        ("KITARU_RETRIES", "9" * 5000, "a whole number, 0 or more"),
        ("KITARU_IMAGE", "{", "an image name such as python:3.11-slim"),
        ("KITARU_IMAGE", '{"base_imag": "x"}', "Did you mean 'base_image'?"),
        ("KITARU_IMAGE", "two words", "must be an image name"),
    ],
)
def test_a_malformed_variable_is_named_with_what_is_accepted(
    variable: str, text: str, accepted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(KitaruUsageError) as caught:
        resolve()
    assert variable in str(caught.value)
    assert accepted in str(caught.value)


def test_a_malformed_variable_is_an_error_though_a_higher_layer_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITARU_RETRIES", "many")
    with pytest.raises(KitaruUsageError, match="KITARU_RETRIES"):
        resolve(run=validate_options(".run", retries=1))


@pytest.mark.parametrize("variable", [setting.variable for setting in SETTINGS.values()])
def test_a_variable_set_to_nothing_is_not_set(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, " ")
    assert {origin.layer for origin in resolve().provenance.values()} == {"active stack", "default"}


def test_progress_is_on_off_or_left_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.progress() is None
    for text, shown in (("auto", None), ("AUTO", None), ("on", True), ("off", False), ("", None)):
        monkeypatch.setenv("KITARU_PROGRESS", text)
        assert environment.progress() is shown


def test_the_local_runner_is_one_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.local_runner() is None
    for text in ("process", "thread", "inline"):
        monkeypatch.setenv("KITARU_LOCAL_RUNNER", text.upper())
        assert environment.local_runner() == text


def test_concurrency_is_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.concurrency() is None
    monkeypatch.setenv("KITARU_CONCURRENCY", "8")
    assert environment.concurrency() == 8


@pytest.mark.parametrize(
    ("variable", "text", "read"),
    [
        ("KITARU_PROGRESS", "loud", environment.progress),
        ("KITARU_LOCAL_RUNNER", "docker", environment.local_runner),
        ("KITARU_CONCURRENCY", "0", environment.concurrency),
        ("KITARU_CONCURRENCY", "all", environment.concurrency),
        ("KITARU_CANCEL_GRACE", "a while", environment.cancel_grace),
        ("KITARU_CANCEL_GRACE", "3601", environment.cancel_grace),
        ("KITARU_SHORTCUTS", "maybe", environment.shortcuts_enabled),
    ],
)
def test_the_other_variables_are_checked_too(
    variable: str, text: str, read: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(KitaruUsageError, match=f"but {variable} gives '{text}'"):
        read()


def test_every_variable_that_is_read_is_in_the_manual() -> None:
    source = (ROOT / "kitaru/_core/settings/environment.py").read_text()
    for variable in (
        "KITARU_PROGRESS",
        "KITARU_LOCAL_RUNNER",
        "KITARU_CONCURRENCY",
        "KITARU_CANCEL_GRACE",
        "KITARU_HOST",
        "KITARU_SHORTCUTS",
    ):
        assert f'read("{variable}")' in source
        assert variable in environment.OTHER_VARIABLES
    # Beside those of Kitaru's own, what terminals are told by.
    assert source.count('read("') - 2 == source.count('read("KITARU_') == len(environment.OTHER_VARIABLES)


# -- pyproject.toml ---------------------------------------------------------------------------------------------------


def test_the_nearest_file_upward_counts_even_without_a_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.kitaru]\nretries = 4\n")
    deep = tmp_path / "inner" / "package"
    deep.mkdir(parents=True)
    assert resolve(start=deep).retries == 4
    (tmp_path / "inner" / "pyproject.toml").write_text("[project]\nname = 'inner'\n")
    assert resolve(start=deep).retries == 0


def test_a_folder_named_pyproject_toml_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.kitaru]\nretries = 4\n")
    (tmp_path / "inner" / "pyproject.toml").mkdir(parents=True)
    assert resolve(start=tmp_path / "inner").retries == 4


def test_a_deleted_working_directory_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert pyproject.find() is None
    assert resolve().retries == 0


def test_paths_are_meant_from_the_file(write_pyproject: Callable[[str], str], tmp_path: Path) -> None:
    write_pyproject('[tool.kitaru.image]\nrequirements = "requirements.txt"\n')
    (tmp_path / "inner").mkdir()
    image = resolve(start=tmp_path / "inner").image
    assert image is not None
    assert image.requirements == str(tmp_path / "requirements.txt")


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (
            "[tool.kitaru]\nretry = 1\n",
            ["unknown key 'retry'", "Did you mean 'retries'?", "stack, image, cache, retries"],
        ),
        (
            "[tool.kitaru]\nretries = true\n",
            ["retries must be a whole number", "[tool.kitaru] retries gives True (bool)"],
        ),
        ("[tool.kitaru]\nretries = 1.0\n", ["[tool.kitaru] retries gives 1.0 (float)"]),
        ("[tool.kitaru]\ncache = 'no'\n", ["cache must be True or False", "gives 'no' (str)"]),
        ("[tool.kitaru]\nstack = ''\n", ["stack must be the name of a stack"]),
        (
            "[tool.kitaru.image]\nrequirements = ['a', '']\n",
            ["[tool.kitaru] image", "image.requirements[1] must not be empty"],
        ),
        ("[tool]\nkitaru = 3\n", ["must be a table, not int"]),
        ("[tool.kitaru]\nstack =\n", ["is not valid TOML", "line 2"]),
        ("[tool.kitaru]\nstack = '''\n\n", ["is not valid TOML", "line 4"]),
        ("[tool.kitaru", ["is not valid TOML", "line 1"]),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_path(
    content: str, messages: list[str], write_pyproject: Callable[[str], str], tmp_path: Path
) -> None:
    write_pyproject(content)
    with pytest.raises(KitaruUsageError) as caught:
        resolve()
    for message in [str(tmp_path / "pyproject.toml"), *messages]:
        assert message in str(caught.value)


def test_a_file_that_is_no_text_is_told_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(KitaruUsageError, match=r"pyproject\.toml cannot be read.*make the file readable UTF-8"):
        resolve()


def test_a_file_that_cannot_be_opened_is_told_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "pyproject.toml"  # as good as without permission, which root always has
    with pytest.raises(KitaruUsageError, match=r"missing/pyproject\.toml cannot be read"):
        pyproject.read(path)


# -- the cost ---------------------------------------------------------------------------------------------------------


def test_settings_load_pydantic_only_where_an_image_is_given(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from kitaru._core.settings.settings import resolve, validate_options\n"
        "import kitaru.config\n"
        "resolve(run=validate_options('.run', retries=1))\n"
        "assert 'pydantic' not in sys.modules, 'loaded without an image'\n"
        "assert resolve(run=validate_options('.run', image='python')).image.base_image == 'python'\n"
        "assert 'zenml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, timeout=300)
