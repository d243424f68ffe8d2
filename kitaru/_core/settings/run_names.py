"""Names that users give to runs: templates with ``{date}``, ``{time}`` and substitutions of their own, as ZenML has them."""

from __future__ import annotations

from datetime import UTC, datetime
from string import Formatter
from typing import TYPE_CHECKING
from uuid import uuid4

from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from kitaru._core.settings.settings import ResolvedSettings


def check_template(template: str, where: str) -> None:
    """Refuse a name whose braces mean nothing.

    Args:
        template: The name.
        where: What gives it, for the message.

    Raises:
        KitaruUsageError: A brace is open, or there is something else than a name between two.
    """
    try:
        fields = [
            field
            for _, field, form, conversion in Formatter().parse(template)
            if field is not None or form or conversion
        ]
    except ValueError as error:
        raise KitaruUsageError(f"{where} gives {template!r}: {error}. {_HINT}") from error
    strange = next((field for field in fields if not field or not field.isidentifier()), None)
    if strange is not None:
        raise KitaruUsageError(f"{where} gives {template!r}: {{{strange}}} is no substitution. {_HINT}")


def run_name(flow: str, settings: ResolvedSettings) -> str:
    """Return the name of a new run.

    Args:
        flow: The flow's name.
        settings: The settings of the execution.

    Raises:
        KitaruUsageError: The name that they give has a substitution which is not there.
    """
    now, template = datetime.now(UTC), settings.options.name
    if template is None:  # two of one flow can start in the same second, and ZenML wants their names to differ
        return f"{flow}-{now:%Y_%m_%d-%H_%M_%S}-{uuid4().hex[:6]}"
    known = {"date": f"{now:%Y_%m_%d}", "time": f"{now:%H_%M_%S_%f}", **(settings.zenml.get("substitutions") or {})}
    try:
        return template.format(**known)
    except KeyError as error:
        lacking = str(error.args[0])
        raise KitaruUsageError(
            f"The name {template!r} has the substitution {{{lacking}}}, which is not there.{did_you_mean(lacking, known)} There "
            f"are {', '.join(f'{{{name}}}' for name in known)}; zenml={{'substitutions': {{...}}}} adds others."
        ) from error


_HINT = "In a name {date} and {time} are filled in, and what zenml={'substitutions': {...}} has; {{ and }} are braces."
