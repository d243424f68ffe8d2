"""Names that users give to runs: templates with ``{date}``, ``{time}`` and substitutions of their own, as ZenML has them."""

from __future__ import annotations

from datetime import UTC, datetime
from string import Formatter
from typing import TYPE_CHECKING
from uuid import uuid4

from kitaru._core.words.suggest import did_you_mean
from kitaru.errors import KitaruUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_template(template: str, where: str) -> None:
    """Refuse a name whose braces mean nothing.

    Args:
        template: The name.
        where: What gives it, for the message.

    Raises:
        KitaruUsageError: A brace is open, or there is something else than a name between two.
    """
    try:
        fields = [parts[1:] for parts in Formatter().parse(template) if parts[1] is not None]
    except ValueError as error:
        raise KitaruUsageError(f"{where} gives {template!r}: {error}. {_HINT}") from error
    strange = next((field for field, form, change in fields if not str(field).isidentifier() or form or change), None)
    if strange is not None:
        raise KitaruUsageError(f"{where} gives {template!r}: {{{strange}}} is no substitution. {_HINT}")


def new_run_name(flow: str, template: str | None, substitutions: Mapping[str, str]) -> str:
    """Return the name of a new run.

    Args:
        flow: The flow's name.
        template: What the user wants it to be called, if anything.
        substitutions: What is filled in beside date and time.

    Raises:
        KitaruUsageError: There is no such substitution.
    """
    now = datetime.now(UTC)
    if template is None:  # two of one flow can start in the same second, and ZenML wants their names to differ
        return f"{flow}-{now:%Y_%m_%d-%H_%M_%S}-{uuid4().hex[:6]}"
    known = {"date": f"{now:%Y_%m_%d}", "time": f"{now:%H_%M_%S_%f}", **substitutions}
    try:
        return template.format(**known)
    except KeyError as error:
        lacking = str(error.args[0])
        raise KitaruUsageError(
            f"The name {template!r} has the substitution {{{lacking}}}, which is not there.{did_you_mean(lacking, known)} There "
            f"are {', '.join(f'{{{name}}}' for name in known)}; zenml={{'substitutions': {{...}}}} adds others."
        ) from error


_HINT = "In a name {date} and {time} are filled in, and what zenml={'substitutions': {...}} has; {{ and }} are braces."
