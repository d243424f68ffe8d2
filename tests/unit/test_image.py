"""ImageSettings: what is accepted, what is refused and how, and how layers of images merge."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from kitaru.errors import KitaruUsageError
from kitaru.image import ImageSettings

# -- what is accepted -------------------------------------------------------------------------------------------------


def test_a_string_is_the_base_image() -> None:
    assert ImageSettings.parse("python:3.11", "@flow(image=)") == ImageSettings(base_image="python:3.11")


def test_a_mapping_gives_the_fields() -> None:
    image = ImageSettings.parse({"requirements": ["httpx"], "user": "app"}, "@flow(image=)")
    assert image.values() == {"requirements": ["httpx"], "user": "app"}


def test_an_object_is_taken_as_it_is() -> None:
    image = ImageSettings(platform="linux/amd64")
    assert ImageSettings.parse(image, "@flow(image=)") is image


def test_requirements_are_a_list_or_the_path_of_a_file() -> None:
    assert ImageSettings(requirements="requirements.txt").requirements == "requirements.txt"
    assert ImageSettings(requirements=["httpx", "numpy"]).requirements == ["httpx", "numpy"]


def test_a_variable_of_the_environment_may_be_set_to_nothing() -> None:
    assert ImageSettings(environment={"FLAG": ""}).environment == {"FLAG": ""}


def test_none_means_not_given() -> None:
    assert ImageSettings(base_image=None, apt_packages=None).values() == {}


@pytest.mark.parametrize("text", ["python:3.11", '"python:3.11"', ' {"base_image": "python:3.11"} '])
def test_text_is_an_image_name_or_json(text: str) -> None:
    assert ImageSettings.parse_text(text, "KITARU_IMAGE") == ImageSettings(base_image="python:3.11")


def test_an_image_survives_pickling_and_copying() -> None:
    image = ImageSettings(base_image="python:3.11", environment={"A": "1"})
    assert pickle.loads(pickle.dumps(image)) == image
    assert copy.deepcopy(image) == image


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"base_image": ""}, "image.base_image must not be empty"),
        ("  ", "image.base_image must not be empty"),
        ("my image", "image.base_image must be an image name, which has no spaces in it"),
        ({"base_image": 3}, "image.base_image must be a string, not int"),
        ({"requirements": ["httpx", ""]}, "image.requirements[1] must not be empty"),
        ({"requirements": ["httpx", 2]}, "image.requirements[1] must be a string, not int"),
        ({"requirements": ""}, "image.requirements must not be empty"),
        (
            {"requirements": 7},
            "image.requirements must be a list of strings or the path of a requirements file, not int",
        ),
        ({"apt_packages": "git"}, "image.apt_packages must be a list of strings, not str"),
        ({"apt_packages": ["git", " "]}, "image.apt_packages[1] must not be empty"),
        ({"secret_environment_from": [""]}, "image.secret_environment_from[0] must not be empty"),
        ({"replicate_local_python_environment": "yes"}, "must be true or false, not str"),
        ({"environment": ["A=1"]}, "image.environment must be a mapping of names to strings, not list"),
        ({"environment": {"PORT": 80}}, "image.environment.PORT must be a string, not int"),
        ({"environment": {"A=B": "x"}}, "image.environment.A=B is no name of an environment variable"),
        ({"environment": {"": "x"}}, "is no name of an environment variable"),
        ({"requirement": ["x"]}, "image.requirement is not a field of an image. Did you mean 'requirements'?"),
        ({3: "x"}, "image.3 is not a field of an image. The fields are base_image, requirements,"),
    ],
)
def test_a_wrong_field_is_named_by_its_path_and_the_layer(value: object, message: str) -> None:
    with pytest.raises(KitaruUsageError) as caught:
        ImageSettings.parse(value, "kitaru.configure(image=)")
    assert message in str(caught.value)
    assert str(caught.value).startswith("The image from kitaru.configure(image=) is not valid: ")
    assert isinstance(caught.value.__cause__, ValidationError)


def test_all_wrong_fields_are_told_at_once() -> None:
    with pytest.raises(KitaruUsageError) as caught:
        ImageSettings(user="", dockerfile=1)
    assert "image.user must not be empty" in str(caught.value)
    assert "image.dockerfile must be a string" in str(caught.value)


def test_something_else_than_an_image_says_what_is_accepted() -> None:
    with pytest.raises(
        KitaruUsageError, match=r"mapping of fields or an ImageSettings, but \.run\(image=\) gives list"
    ):
        ImageSettings.parse(["python:3.11"], ".run(image=)")


def test_direct_construction_raises_the_same_error() -> None:
    with pytest.raises(
        KitaruUsageError, match=r"from ImageSettings\(\.\.\.\) is not valid.*Did you mean 'base_image'\?"
    ):
        ImageSettings(base_imag="python")


def test_an_unknown_keyword_named_self_is_an_unknown_field() -> None:
    with pytest.raises(KitaruUsageError, match=r"image\.self is not a field"):
        ImageSettings(self=1)


@pytest.mark.parametrize("text", ['{"base_image": ', "[" * 100_000])
def test_broken_json_is_told_with_what_is_accepted(text: str) -> None:
    with pytest.raises(
        KitaruUsageError, match=r"KITARU_IMAGE begins like JSON but is not valid JSON.*python:3\.11-slim"
    ):
        ImageSettings.parse_text(text, "KITARU_IMAGE")


def test_json_that_is_no_object_is_refused() -> None:
    with pytest.raises(KitaruUsageError, match="but KITARU_IMAGE gives list"):
        ImageSettings.parse_text("[1]", "KITARU_IMAGE")


@pytest.mark.parametrize(
    "make",
    [
        lambda: ImageSettings.parse({"environment": {"TOKEN": 123456, "OTHER": "hunter2\0"}}, "@flow(image=)"),
        lambda: ImageSettings.parse_text('{"environment": {"TOKEN": "hunter2", 123456}}', "KITARU_IMAGE"),
        lambda: ImageSettings(environment="TOKEN=hunter2"),
    ],
)
def test_values_of_the_environment_are_never_repeated(make) -> None:
    with pytest.raises(KitaruUsageError) as caught:
        make()
    told = f"{caught.value} {caught.value.__cause__}"
    assert "hunter2" not in told
    assert "123456" not in told


def test_the_repr_hides_the_values_of_the_environment() -> None:
    image = ImageSettings(base_image="python:3.11", environment={"TOKEN": "hunter2"})
    assert repr(image) == "ImageSettings(base_image='python:3.11', environment={'TOKEN': '***'})"
    assert "hunter2" not in str(image)


# -- merging ----------------------------------------------------------------------------------------------------------


def test_images_merge_field_by_field_and_the_environment_key_by_key() -> None:
    lower = ImageSettings(base_image="a", user="app", requirements=["x", "y"], environment={"A": "1", "B": "1"})
    upper = ImageSettings(base_image="b", requirements=["z"], environment={"B": "2", "C": "2"})
    assert upper.over(lower) == ImageSettings(
        base_image="b", user="app", requirements=["z"], environment={"A": "1", "B": "2", "C": "2"}
    )


def test_an_empty_list_replaces_a_list_below() -> None:
    assert ImageSettings(apt_packages=[]).over(ImageSettings(apt_packages=["git"])).apt_packages == []


def test_merging_leaves_both_sides_as_they_were() -> None:
    lower, upper = ImageSettings(environment={"A": "1"}), ImageSettings(environment={"B": "2"})
    upper.over(lower)
    assert (lower.environment, upper.environment) == ({"A": "1"}, {"B": "2"})


def test_relative_paths_are_anchored_and_absolute_ones_are_kept() -> None:
    image = ImageSettings(dockerfile="Dockerfile", build_context_root="/srv/build", requirements="requirements.txt")
    anchored = image.anchored(Path("/project"))
    assert anchored.dockerfile == "/project/Dockerfile"
    assert anchored.build_context_root == "/srv/build"
    assert anchored.requirements == "/project/requirements.txt"
    assert ImageSettings(requirements=["httpx"]).anchored(Path("/project")).requirements == ["httpx"]
