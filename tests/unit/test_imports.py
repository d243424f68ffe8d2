"""Which room of the package may import what, and what importing Kitaru must not cost.

The rooms are drawn in the design: the public API is thin, ``_core`` is pure, ``_zenml`` alone knows ZenML.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kitaru

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "kitaru"

# The one module that may reach for private ZenML names, and the list of them, each with its reason.
PRIVATE_NAMES = Path("kitaru/_zenml/door/private.py")
PRIVATE_LIST = Path("kitaru/_zenml/private_names.py")

# Private names of Kitaru's own objects that _zenml works with, which look like ZenML's to the search below.
OWN_NAMES = {
    "future._future",  # CheckpointFuture: the body completes what the public object shows
    "future._seen",  # the same: whether anybody has looked at a failure
    "future._given_up",  # the same: whether somebody has stopped waiting for it
    "future._needs",  # the same: the futures that its call waits for
}

# What `import kitaru` and `kitaru --help` must not load.
HEAVY = {"docker", "pydantic", "rich", "sqlalchemy", "zenml"}


# -- the rules --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Room:
    """Some modules of the package, and what they may import beside the standard library.

    A prefix stands for the module and everything below it; ``kitaru.*`` is the public API: no underscore in the path;
    ``inside_functions`` may be imported there only, so that importing the room stays cheap.
    """

    name: str
    anywhere: tuple[str, ...] = ()
    inside_functions: tuple[str, ...] = ()

    def allows(self, imported: Import) -> bool:
        allowed = self.anywhere + (() if imported.runs_at_import else self.inside_functions)
        return imported.is_standard_library or any(imported.is_below(prefix) for prefix in allowed)


SUPERVISOR = Room("the supervisor", ("kitaru._core.process",))
# What the supervisor's process loads: nothing but the standard library, so that a broken environment cannot kill it.
SUPERVISOR_FILES = {
    Path("kitaru/_runner/supervisor.py"),
    *(
        Path("kitaru/_core/process") / name
        for name in (
            "crash_points.py",
            "files.py",
            "forks.py",
            "kept_secrets.py",
            "lost.py",
            "processes.py",
            "surroundings.py",
        )
    ),
}
ROOMS = {
    "": Room(
        "the public API",
        ("kitaru.*", "kitaru._core", "pydantic"),
        ("kitaru._host", "kitaru._llm", "kitaru._runner", "kitaru._terminal", "kitaru._zenml"),
    ),
    "_core": Room(
        "_core",
        ("cloudpickle", "kitaru._core", "kitaru.errors", "packaging", "pydantic", "pydantic_core"),
        ("click", "genai_prices", "rich"),
    ),
    "_cli": Room(
        "_cli",
        ("kitaru.*", "kitaru._cli", "kitaru._core.process.ctrl_c", "kitaru._core.words.suggest", "click"),
        ("kitaru._core", "kitaru._host", "kitaru._runner.supervisor", "kitaru._terminal", "rich"),
    ),
    # How flows and moments are named, it knows from the command line.
    "_mcp": Room(
        "_mcp",
        ("kitaru.*", "kitaru._mcp", "anyio", "click", "mcp", "pydantic"),
        ("kitaru._cli.since", "kitaru._cli.target", "kitaru._core"),
    ),
    # What users begin with, and what it imports of its own.
    "_templates": Room("a project to begin with", ("kitaru.*", "agent", "batch", "flows", "model")),
    "_host": Room("_host", ("kitaru._core", "kitaru._host")),
    "_workers": Room("_workers", ("kitaru._core", "kitaru._workers", "kitaru.errors")),
    "_runner": Room(
        "_runner",
        ("kitaru.errors", "kitaru._core", "kitaru._host", "kitaru._runner"),
        ("kitaru._zenml", "cloudpickle", "click"),
    ),
    "_terminal": Room(
        "_terminal", ("kitaru.errors", "kitaru._core", "kitaru._terminal"), ("click", "kitaru._runner", "kitaru._zenml")
    ),
    # It is loaded when the first question is asked.
    "_llm": Room("_llm", ("kitaru.*", "kitaru._core", "kitaru._llm", "pydantic", "pydantic_ai"), ("kitaru._zenml",)),
}
# The live view is loaded where a terminal is there to draw on, and draws with rich all over.
LIVE_VIEW = Room("the live view", (*ROOMS["_terminal"].anywhere, "rich"), ("kitaru._zenml",))
LIVE_VIEW_FILE = Path("kitaru/_terminal/live.py")
# From the ground up: each module imports from its own floor and those below, in functions and for types too.
FLOORS = (
    ("kitaru.errors", "kitaru.visualizations"),
    ("kitaru._core", "kitaru.files"),
    ("kitaru._host", "kitaru._workers"),
    ("kitaru._zenml",),
    ("kitaru._runner", "kitaru._terminal"),
    ("kitaru.*",),
    ("kitaru._llm",),
    ("kitaru.model_calls",),
    ("kitaru", "kitaru._cli", "kitaru._mcp", "kitaru.__main__"),
)
# The only room that may import what it likes, except the command line above it.
ZENML_ROOM = "_zenml"


@dataclass(frozen=True)
class Import:
    """One import of one module, as written in a file."""

    file: Path
    line: int
    module: str
    runs_at_import: bool  # neither inside a function nor under `if TYPE_CHECKING:`

    @property
    def is_standard_library(self) -> bool:
        return self.module.partition(".")[0] in sys.stdlib_module_names

    def is_below(self, prefix: str) -> bool:
        if prefix == "kitaru.*":
            package, *rest = self.module.split(".")
            return package == "kitaru" and not any(part.startswith("_") and part != "__init__" for part in rest)
        return self.module == prefix or self.module.startswith(prefix + ".")

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def python_files(folder: Path) -> list[Path]:
    return sorted(path.relative_to(ROOT) for path in folder.rglob("*.py"))


@cache
def parse(file: Path) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), str(file))


@cache
def imports_of(file: Path) -> list[Import]:
    """Every import of a file, ``from a import b`` as ``a.b``: b may be a module, and the rules are about prefixes."""
    return list(_imports(parse(file), file, runs_at_import=True))


def _imports(node: ast.AST, file: Path, *, runs_at_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(file, child.lineno, alias.name, runs_at_import) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            module = _absolute(child, file)
            yield from (Import(file, child.lineno, f"{module}.{alias.name}", runs_at_import) for alias in child.names)
        elif isinstance(child, ast.If) and _is_type_checking(child.test):
            yield from _imports(ast.Module(child.body, []), file, runs_at_import=False)
            yield from _imports(ast.Module(child.orelse, []), file, runs_at_import=runs_at_import)
        else:
            deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, file, runs_at_import=runs_at_import and not deferred)


def _absolute(node: ast.ImportFrom, file: Path) -> str:
    package = file.parent.parts[: len(file.parent.parts) - node.level + 1] if node.level else ()
    return ".".join((*package, *filter(None, [node.module])))


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def room_of(file: Path) -> str:
    return file.parts[1] if len(file.parts) > 2 else ""


# -- the rooms --------------------------------------------------------------------------------------------------------


def test_each_room_imports_only_what_it_may() -> None:
    strays = []
    for file in python_files(PACKAGE):
        if room_of(file) == ZENML_ROOM or file.name == "__main__.py":
            continue
        special = {**dict.fromkeys(SUPERVISOR_FILES, SUPERVISOR), LIVE_VIEW_FILE: LIVE_VIEW}
        room = special.get(file) or ROOMS[room_of(file)]
        strays += [f"{found}, which {room.name} may not" for found in imports_of(file) if not room.allows(found)]
    assert not strays, "\n".join(strays)


def modules() -> dict[str, Path]:
    """The package's modules by name."""
    files = [file for file in python_files(PACKAGE) if room_of(file) != "_templates"]
    return {".".join(file.with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imported_by(file: Path, known: dict[str, Path]) -> set[str]:
    """The package's modules that a file names in an import, wherever that stands."""
    return {
        module
        for found in imports_of(file)
        for module in [found.module if found.module in known else found.module.rpartition(".")[0]]
        if module in known and known[module] != file
    }


def floor_of(module: str) -> int:
    """The floor of a module: the highest that names it, or what it is in."""
    named = [
        floor
        for floor, prefixes in enumerate(FLOORS)
        if module in prefixes or any(module.startswith(f"{prefix}.") for prefix in prefixes if "._" in prefix)
    ]
    return max(named, default=FLOORS.index(("kitaru.*",)))


def test_no_module_imports_one_of_a_higher_floor() -> None:
    known = modules()
    strays = [
        f"{file} imports {other}, which is above it"
        for module, file in known.items()
        for other in imported_by(file, known)
        if floor_of(other) > floor_of(module)
    ]
    assert not strays, "\n".join(strays)


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = modules()
    try:
        [*TopologicalSorter({module: imported_by(file, known) for module, file in known.items()}).static_order()]
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_rooms_import_each_other_in_a_circle() -> None:
    known = modules()
    for above in ("kitaru._core", "kitaru._zenml"):
        rooms: dict[str, set[str]] = {}
        for module, file in known.items():
            if file.parent.parent == Path(*above.split(".")):
                others = {
                    ".".join(other.split(".")[:3])
                    for other in imported_by(file, known)
                    if other.startswith(f"{above}.")
                }
                room = ".".join(module.split(".")[:3])
                rooms.setdefault(room, set()).update(others - {room})
        try:
            [*TopologicalSorter(rooms).static_order()]
        except CycleError as error:
            pytest.fail(" -> ".join(error.args[1]))


def test_each_room_says_what_lives_there() -> None:
    rooms = {
        file.parent for file in python_files(PACKAGE) if room_of(file) in {"_core", "_zenml"} and len(file.parts) > 3
    }
    assert {room for room in rooms if not ast.get_docstring(parse(room / "__init__.py"))} == set()


def test_only_the_zenml_room_imports_zenml_and_what_zenml_stands_on() -> None:
    engines = ("zenml", "sqlalchemy", "sqlmodel", "docker", "kubernetes")
    strays = [
        str(found)
        for folder in (PACKAGE, ROOT / "examples", ROOT / "integrations")
        for file in python_files(folder)
        if room_of(file) != ZENML_ROOM
        for found in imports_of(file)
        if any(found.is_below(engine) for engine in engines)
    ]
    assert not strays, "\n".join(strays)


def test_the_zenml_room_is_entered_by_its_door() -> None:
    """``from kitaru._zenml.records import runs`` waits for a thread that loads ZenML; the form with two dots does not."""
    strays = [
        f"{file}:{node.lineno} imports from {node.module}"
        for file in python_files(PACKAGE)
        if room_of(file) != ZENML_ROOM
        for function in ast.walk(parse(file))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and re.match(r"kitaru\._zenml\.\w+\.", node.module or "")
    ]
    assert not strays, "\n".join(strays)


def test_the_zenml_room_knows_nothing_of_the_command_line() -> None:
    strays = [
        str(found)
        for file in python_files(PACKAGE / ZENML_ROOM)
        for found in imports_of(file)
        if found.is_below("kitaru._cli") or found.is_below("click")
    ]
    assert not strays, "\n".join(strays)


def test_examples_and_integrations_use_only_the_public_api() -> None:
    strays = [
        str(found)
        for folder in (ROOT / "examples", ROOT / "integrations")
        for file in python_files(folder)
        for found in imports_of(file)
        if found.is_below("kitaru") and not found.is_below("kitaru.*") and "kitaru_" not in found.module
    ]
    assert not strays, "\n".join(strays)


# -- private ZenML names ----------------------------------------------------------------------------------------------


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def private_names_reached(file: Path) -> list[str]:
    """Private names that a file takes from somewhere other than its own classes and modules.

    Any object that is not ``self`` or ``cls`` may be ZenML's, and so may what a class inherits from it.
    """
    tree = parse(file)
    found = [
        f"{entry.file}:{entry.line} imports {entry.module}"
        for entry in imports_of(file)
        if entry.is_below("zenml") and any(is_private(part) for part in entry.module.split("."))
    ]
    from_zenml = {entry.module.rpartition(".")[2] for entry in imports_of(file) if entry.is_below("zenml")}
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    own = {id(node) for scope in classes for node in own_accesses(scope, from_zenml)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and id(node) not in own:
            if ast.unparse(node) in OWN_NAMES or ast.unparse(node.value) in sys.stdlib_module_names:  # os._exit
                continue
            found.append(f"{file}:{node.lineno} reaches {ast.unparse(node)}")
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"getattr", "setattr", "hasattr", "delattr"}:
            name = node.args[1] if len(node.args) > 1 else None
            if isinstance(name, ast.Constant) and is_private(str(name.value)):
                found.append(f"{file}:{node.lineno} reaches {ast.unparse(node)}")
    return found


def own_accesses(scope: ast.ClassDef, from_zenml: set[str]) -> Iterator[ast.Attribute]:
    """Accesses to ``self._name`` that cannot be ZenML's: all of a class, or where it inherits, what its body declares."""
    inherits = any(ast.unparse(base).partition("[")[0].rpartition(".")[2] in from_zenml for base in scope.bases)
    declared = {node.name for node in scope.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    declared |= {ast.unparse(node.target) for node in scope.body if isinstance(node, ast.AnnAssign)}
    for node in ast.walk(scope):
        on_self = isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"self", "cls"}
        if on_self and (not inherits or node.attr in declared):
            yield node


def test_private_zenml_names_are_reached_in_the_one_module_that_lists_them() -> None:
    files = [file for file in python_files(PACKAGE / ZENML_ROOM) if file != PRIVATE_NAMES]
    strays = [name for file in files for name in private_names_reached(file)]
    assert not strays, "\n".join(strays)


def test_every_private_name_that_is_reached_is_listed_with_its_reason() -> None:
    listed = (ROOT / PRIVATE_LIST).read_text(encoding="utf-8")
    reached = {
        node.attr
        for node in ast.walk(parse(PRIVATE_NAMES))
        if isinstance(node, ast.Attribute) and is_private(node.attr)
    }
    assert {name for name in reached if name not in listed} == set()


def test_the_search_for_private_names_finds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / "sample.py").write_text(
        "from zenml.client import _hidden\n"
        "from zenml.pipelines import Pipeline\n"
        "class Own:\n"
        "    def __init__(self): self._mine = 1\n"
        "    def get(self): return self._mine\n"
        "class Derived(Pipeline):\n"
        "    def get(self): return self._theirs\n"
        "def reach(pipeline): return pipeline._run_args, getattr(pipeline, '_snapshot'), pipeline.__class__\n",
        encoding="utf-8",
    )
    assert private_names_reached(Path("sample.py")) == [
        "sample.py:1 imports zenml.client._hidden",
        "sample.py:7 reaches self._theirs",
        "sample.py:8 reaches pipeline._run_args",
        "sample.py:8 reaches getattr(pipeline, '_snapshot')",
    ]


# -- what importing costs ---------------------------------------------------------------------------------------------


def loaded_by(statement: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded after a statement, beyond its own at start."""
    packages = "{name.partition('.')[0] for name in sys.modules}"
    script = f"import sys\nbefore = {packages}\n{statement}\nprint(*({packages} - before), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def test_importing_kitaru_stays_cheap() -> None:
    assert loaded_by("import kitaru") & HEAVY == set()


def test_the_supervisor_loads_nothing_but_the_standard_library() -> None:
    assert loaded_by("import kitaru._runner.supervisor") - sys.stdlib_module_names == {"kitaru"}


def test_the_decorators_stay_cheap() -> None:
    code = "from kitaru import checkpoint, flow\n@checkpoint\ndef one(x: int) -> int: return x\n"
    assert loaded_by(code + "@flow\ndef main(x: int) -> int: return one(x)\n") & HEAVY <= {"pydantic"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["config", "--help"]])
def test_the_help_of_the_command_line_stays_cheap(arguments: list[str]) -> None:
    program = (
        f"sys.argv = ['kitaru', *{arguments!r}]\n"
        "from kitaru._cli.main import main\n"
        "try: main()\nexcept SystemExit as exit: assert not exit.code, exit.code"
    )
    assert loaded_by(program) & HEAVY == set()


def test_type_checkers_know_every_public_name() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    [only_for_types] = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {
        name.name: node.module
        for node in only_for_types.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    assert imported == kitaru._WHERE
