"""Images: from Kitaru's description to ZenML's ``DockerSettings`` and the Dockerfile that brings Kitaru in."""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker.utils.build import exclude_paths
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from zenml.config import DockerSettings
from zenml.config.docker_settings import DockerBuildConfig, DockerBuildOptions, PythonPackageInstaller
from zenml.utils.io_utils import get_global_config_directory
from zenml.utils.pipeline_docker_image_builder import DEFAULT_DOCKER_PARENT_IMAGE

from kitaru._core.images.build_context import DOCKERFILE, Context, make_context
from kitaru._core.images.dockerfile import FOLDER, Layers, final_user, on_base, on_dockerfile
from kitaru._core.images.image import ImageSettings
from kitaru._core.images.wheel import DISTRIBUTION, Wheel, build_wheel, integration_wheels, name_in
from kitaru.errors import KitaruImageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zenml.stack import Stack

# Pinned to what is installed here: the container goes on with what they have written here.
_PINNED = ("zenml", "cloudpickle")


def docker_settings(
    image: ImageSettings | None, stack: Stack, import_path: Sequence[str]
) -> tuple[DockerSettings, Context]:
    """Map an image description onto ZenML's settings, and lay out what it is built from.

    Args:
        image: The description; None for ZenML's default image with Kitaru in it.
        stack: The stack, which may need packages of its own.
        import_path: The folders of containers that Python imports modules from, beside that of the code.

    Raises:
        KitaruImageError: A file that the description names is missing, outside of its context or cannot be read.
    """
    image = image or ImageSettings()
    dockerfile = _dockerfile(image)
    context = _context(image, dockerfile, stack, import_path)
    user = image.user or (final_user(dockerfile) if dockerfile else None)
    fields: dict[str, Any] = {
        "dockerfile": str(context.dockerfile),
        "build_context_root": str(context.folder),
        "requirements": _requirements(image),
        "apt_packages": [*(image.apt_packages or []), *sorted(stack.apt_packages)],
        # They are among Kitaru's own layers, below its wheel: another Kitaru then finds them in the cache.
        "install_stack_requirements": False,
        "user": user,
        # ZenML leaves out its own layers, which switch to the user, where it finds nothing to put into them.
        "environment": {"KITARU_IMAGE_USER": user} if user else {},
        "image_tag": image.image_tag,
        "target_repository": image.target_repository,
        # uv would want a virtual environment, and does not read the pip settings of a base image.
        "python_package_installer": PythonPackageInstaller.PIP,
    }
    # ZenML would leave the containers of all steps behind.
    extra: dict[str, Any] = {"platform": image.platform} if image.platform else {}
    options = DockerBuildConfig(build_options=DockerBuildOptions(rm=True, **extra))
    fields |= {"build_config": options, "parent_image_build_config": options}
    return DockerSettings(**fields), context


def _dockerfile(image: ImageSettings) -> str | None:
    """Return the text of the user's Dockerfile."""
    if image.dockerfile is None:
        if image.build_context_root is not None:
            raise KitaruImageError(
                "image.build_context_root is what a Dockerfile's COPY sees, and no image.dockerfile is given. Give both, "
                "or leave build_context_root out."
            )
        return None
    path = Path(image.dockerfile)
    if image.build_context_root is not None:
        root = Path(image.build_context_root)
        if not root.is_dir():
            raise KitaruImageError(f"image.build_context_root: there is no folder {root.absolute()}.")
        if root.resolve() not in path.resolve().parents:
            raise KitaruImageError(
                f"image.dockerfile: {path.absolute()} is outside of its build context {root.absolute()}. Move it there, "
                f"or name a folder above both as image.build_context_root."
            )
    return _read(path, "dockerfile")


def _read(path: Path, field: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KitaruImageError(
            f"image.{field}: there is no file {path.absolute()}. Relative paths start at the working directory, those "
            f"in pyproject.toml at its folder."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise KitaruImageError(f"image.{field}: {path.absolute()} cannot be read: {error}.") from error


def _requirements(image: ImageSettings) -> str | list[str] | None:
    if isinstance(image.requirements, str):
        path = Path(image.requirements)
        _read(path, "requirements")
        return str(path.absolute())
    return image.requirements


def _required(image: ImageSettings) -> list[str]:
    """Return the requirements, one a line."""
    requirements = image.requirements or []
    return _read(Path(requirements), "requirements").splitlines() if isinstance(requirements, str) else requirements


def required_names(image: ImageSettings) -> set[str]:
    """Return the names of the distributions that an image requires."""
    return {name_in(line) for line in _required(image)}


def _context(image: ImageSettings, dockerfile: str | None, stack: Stack, import_path: Sequence[str]) -> Context:
    wheel, integrations = build_wheel(), integration_wheels(_required(image))
    frozen = "".join(f"{line}\n" for line in _local_packages()) if image.replicate_local_python_environment else None
    names = [integration.name for integration in integrations]
    layers = Layers(wheel.name, wheel.version, _environment(image), frozen is not None, names, import_path)
    if dockerfile is None:
        text = on_base(image.base_image or DEFAULT_DOCKER_PARENT_IMAGE, layers)
    else:
        _warn_of_unused(image)
        text = on_dockerfile(dockerfile, layers)
    added = {
        DOCKERFILE: text.encode(),
        **{f"{FOLDER}/{one.name}": one.content for one in (wheel, *integrations)},
        f"{FOLDER}/requirements.txt": "".join(f"{line}\n" for line in _needed(wheel, stack)).encode(),
    }
    if frozen is not None:
        added[f"{FOLDER}/frozen.txt"] = frozen.encode()
    files = find_files(Path(image.build_context_root)) if image.build_context_root else {}
    return make_context(contexts_folder(), files, added)


def find_files(root: Path) -> dict[str, Path]:
    """Return the files of a context by their path in it, without what its .dockerignore excludes."""
    ignore = root / ".dockerignore"
    patterns = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    rules = [line.strip() for line in patterns if line.strip() and not line.strip().startswith("#")]
    names: set[str] = exclude_paths(str(root), rules)
    return {name: root / name for name in sorted(names) if (root / name).is_file() and name != ".dockerignore"}


def contexts_folder() -> Path:
    """Return where build contexts are kept: beside ZenML's configuration."""
    return Path(get_global_config_directory()) / "kitaru" / "images"


def _environment(image: ImageSettings) -> dict[str, str]:
    environment = image.environment or {}
    for name, value in environment.items():
        if "\n" in value or "\r" in value:
            raise KitaruImageError(
                f"image.environment.{name} has a line break, which a Dockerfile cannot express. Put it into a ZenML "
                f"secret and name that in image.secret_environment_from."
            )
    return environment


def _warn_of_unused(image: ImageSettings) -> None:
    if image.base_image:
        sys.stderr.write(
            f"kitaru: image.base_image {image.base_image!r} is not used: image.dockerfile says what it is built on.\n"
        )


def _needed(wheel: Wheel, stack: Stack) -> list[str]:
    return sorted({*map(_pinned, wheel.requirements), *stack.requirements()})


def _pinned(line: str) -> str:
    """Replace the range of a requirement by the version that is installed here, for those that are pinned."""
    requirement = Requirement(line)
    if canonicalize_name(requirement.name) not in _PINNED:
        return line
    requirement.specifier = SpecifierSet(f"=={version(requirement.name)}")
    return str(requirement)


def _local_packages() -> Iterator[str]:
    """Yield the packages of this environment with their versions, without what was installed from a local folder."""
    left_out = []
    seen: dict[str, Distribution] = {}
    for installed in distributions():
        name = installed.metadata["Name"]
        if name and canonicalize_name(name) not in {DISTRIBUTION, "pip", "setuptools", "wheel"}:
            seen.setdefault(name.lower(), installed)
    for name, installed in sorted(seen.items()):
        origin = installed.read_text("direct_url.json")
        if origin is None:
            yield f"{name}=={installed.version}"
        else:
            left_out.append(name)
    if left_out:
        sys.stderr.write(
            f"kitaru: not from a package index, and therefore not in the image: {', '.join(left_out)}. Name them in "
            f"image.requirements where they are needed.\n"
        )
