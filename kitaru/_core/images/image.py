"""The description of a container image: its fields, their checks and how two descriptions merge.

This module imports pydantic, so it is itself imported only where an image is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from kitaru._core.records.record import Record
from kitaru._core.words.suggest import did_you_mean
from kitaru._core.words.validation import problems
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

ACCEPTED = "an image name such as 'python:3.11-slim', a mapping of fields or an ImageSettings"


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _image_name(name: str) -> str:
    if any(character.isspace() for character in name):
        raise ValueError("must be an image name, which has no spaces in it")
    return name


def _variable_name(name: str) -> str:
    if not name or any(character.isspace() or character in "=\0" for character in name):
        raise ValueError("is no name of an environment variable: it is empty or has '=' or a space in it")
    return name


def _variable_value(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    return value


def _form_of_requirements(value: Any) -> str:
    return "file" if isinstance(value, str) else "list"


_Text = Annotated[str, AfterValidator(_not_blank)]
_Requirements = Annotated[
    Annotated[list[_Text], Tag("list")] | Annotated[_Text, Tag("file")], Discriminator(_form_of_requirements)
]
_Variable = Annotated[str, AfterValidator(_variable_name)]
_VariableValue = Annotated[str, AfterValidator(_variable_value)]  # may be empty: NAME= is a real setting


class ImageSettings(Record):
    """What the container image of a flow is made of; every field is optional, ``None`` means "not given".

    The fields map onto ZenML's ``DockerSettings``, so that ZenML builds, pushes and reuses the image. Stacks that run
    in processes of this machine use none of it. Wherever an image is expected, a mapping of these fields or a string,
    the base image, does as well.

    Args:
        base_image: The image to build on, such as ``"python:3.11-slim"``.
        requirements: What pip installs: a list of requirements, or the path of a requirements file.
        environment: Environment variables of build and container. For secrets use ``secret_environment_from``.
        apt_packages: Debian packages to install.
        replicate_local_python_environment: Install what the submitting Python environment has installed.
        dockerfile: The path of a Dockerfile to build first; Kitaru's own layers come on top.
        build_context_root: The directory that the Dockerfile's COPY sees.
        image_tag: The tag of the image that is built.
        target_repository: The repository in the stack's registry that the image is pushed to.
        user: The user whom the container runs as, and whom the flow's code in it belongs to. Where a stack mounts
            ZenML's folder of the submitting machine, as Docker stacks do, containers run as the user who submits, to
            whom that folder belongs.
        platform: The platform to build for, such as ``"linux/amd64"``.
        secret_environment_from: Names of ZenML secrets; each of their keys becomes an environment variable of the
            container. The image itself does not hold the values.

    Raises:
        KitaruUsageError: A field is unknown, empty or of a wrong type; the message gives its path. Values are never
            repeated in messages, since the environment may hold secrets.

    Examples:
        >>> ImageSettings(base_image="python:3.11-slim", requirements=["httpx"], environment={"MODE": "fast"})
        ImageSettings(base_image='python:3.11-slim', requirements=['httpx'], environment={'MODE': '***'})
    """

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)

    base_image: Annotated[_Text, AfterValidator(_image_name)] | None = None
    requirements: _Requirements | None = None
    environment: dict[_Variable, _VariableValue] | None = None
    apt_packages: list[_Text] | None = None
    replicate_local_python_environment: bool | None = None
    dockerfile: _Text | None = None
    build_context_root: _Text | None = None
    image_tag: _Text | None = None
    target_repository: _Text | None = None
    user: _Text | None = None
    platform: _Text | None = None
    secret_environment_from: list[_Text] | None = Field(default=None)

    if not TYPE_CHECKING:  # type checkers go on seeing the signature that pydantic makes of the fields

        def __init__(self, /, **fields: Any) -> None:
            with _as_usage_error("ImageSettings(...)"):
                super().__init__(**fields)

    @classmethod
    def parse(cls, value: object, where: str) -> ImageSettings:
        """Make an image description of what a layer gives.

        Args:
            value: The base image as a string, a mapping of fields, or an ``ImageSettings``.
            where: What gives it, for messages, such as ``"@flow(image=)"``.

        Raises:
            KitaruUsageError: ``value`` is none of these, or a field is unknown, empty or of a wrong type.
        """
        if isinstance(value, ImageSettings):
            return value
        if isinstance(value, str):
            value = {"base_image": value}
        if not isinstance(value, Mapping):
            raise KitaruUsageError(f"image must be {ACCEPTED}, but {where} gives {_type_name(value)}.")
        fields = {str(key): field for key, field in value.items()}
        image = cls.__new__(cls)
        with _as_usage_error(where):
            BaseModel.__init__(image, **fields)  # not cls(...): its errors would name ImageSettings(...), not the layer
        return image

    @classmethod
    def parse_text(cls, text: str, where: str) -> ImageSettings:
        """Make an image description of text: JSON, or else the name of the base image.

        Args:
            text: Such as ``'python:3.11-slim'`` or ``'{"requirements": ["httpx"]}'``.
            where: What gives it, for messages, such as ``"KITARU_IMAGE"``.

        Raises:
            KitaruUsageError: The JSON is broken, or a field is unknown, empty or of a wrong type.
        """
        text = text.strip()
        if not text.startswith(("{", "[", '"')):
            return cls.parse(text, where)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            # The text itself is not repeated: its environment may hold secrets.
            raise KitaruUsageError(
                f"The image from {where} begins like JSON but is not valid JSON: {error}. "
                'Accepted are an image name such as python:3.11-slim, and an object such as {"base_image": "python:3.11-slim"}.'
            ) from error
        return cls.parse(value, where)

    def values(self) -> dict[str, Any]:
        """Return the fields that are set, with their values."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}

    def over(self, lower: ImageSettings) -> ImageSettings:
        """Return this description with the gaps filled from a lower layer.

        Field by field this one wins; ``environment`` merges key by key, lists are replaced whole.
        """
        fields = {**lower.values(), **self.values()}
        if "environment" in fields:
            fields["environment"] = {**(lower.environment or {}), **(self.environment or {})}
        return ImageSettings(**fields)

    def anchored(self, directory: Path) -> ImageSettings:
        """Return this description with its relative paths made absolute below ``directory``."""
        values = self.values()
        paths = {
            name: str(directory / values[name])
            for name in ("requirements", "dockerfile", "build_context_root")
            if isinstance(values.get(name), str)  # requirements may be a list
        }
        return ImageSettings(**{**values, **paths})

    def leaves(self) -> dict[str, Any]:
        """Return the given values by path: ``"image.base_image"``, ``"image.environment.MODE"``, ..."""
        leaves: dict[str, Any] = {}
        for name, value in self.values().items():
            if name == "environment" and value:
                leaves.update({f"image.environment.{key}": text for key, text in value.items()})
            else:
                leaves[f"image.{name}"] = value
        return leaves

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Give pydantic's repr the fields that are given, without the values of the environment."""
        for name, value in self.values().items():
            yield name, dict.fromkeys(value, "***") if name == "environment" else value


@contextmanager
def _as_usage_error(where: str) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        details = problems(error, in_own_words=_problem)
        raise KitaruUsageError(f"The image from {where} is not valid: {details}.") from error


_TYPE_PROBLEMS = {
    "string_type": "must be a string",
    "list_type": "must be a list of strings",
    "dict_type": "must be a mapping of names to strings",
    "bool_type": "must be true or false",
}


def _problem(detail: ErrorDetails) -> str:
    """Say what is wrong with one field, without its value."""
    kind, location = detail["type"], detail["loc"]
    if kind == "extra_forbidden":
        return _unknown_field(str(location[0]))
    if kind == "value_error":  # raised by one of the checks above
        return f"{_path(location)} {detail['ctx']['error']}"
    problem = _TYPE_PROBLEMS.get(kind, "has a wrong value")
    if location == ("requirements", "list"):
        problem += " or the path of a requirements file"
    return f"{_path(location)} {problem}, not {_type_name(detail['input'])}"


def _unknown_field(name: str) -> str:
    known = list(ImageSettings.model_fields)
    return f"image.{name} is not a field of an image.{did_you_mean(name, known)} The fields are {', '.join(known)}"


def _path(location: tuple[int | str, ...]) -> str:
    parts = list(location)
    if parts[0] == "requirements":
        del parts[1:2]  # pydantic puts in which of the two forms it tried
    if parts[-1] == "[key]":
        parts.pop()
    return "image" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def _type_name(value: object) -> str:
    return type(value).__name__
