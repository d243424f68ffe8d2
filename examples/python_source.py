"""Plain Python that code_survey.py uses: finding source files, and measuring the functions in them."""

import ast
import hashlib
import importlib.util
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock

from pydantic import BaseModel

TOP = 20
SKIPPED = {"env", "venv", "node_modules", "__pycache__"}  # beside hidden folders
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.While, ast.ExceptHandler, ast.BoolOp, ast.comprehension, ast.match_case)
PARSER = Lock()  # CPython 3.11 counts its parser's recursion for all threads together (python/cpython#106905)
warnings.filterwarnings("ignore", category=SyntaxWarning)  # the surveyed code's own


class Function(BaseModel):
    file: str
    line: int
    name: str
    length: int
    branches: int

    @property
    def weight(self) -> int:
        return self.length * (1 + self.branches)


class Survey(BaseModel):
    modules: int = 0
    lines: int = 0
    functions: int = 0
    heaviest: list[Function] = []
    problems: dict[str, str] = {}


def digests(root: Path) -> dict[str, str]:
    """Return the digest of every source file below a folder."""
    paths = {path.relative_to(root): path for path in sorted(root.rglob("*.py")) if path.is_file()}
    kept = [name for name in paths if not any(part.startswith(".") or part in SKIPPED for part in name.parts)]
    return {name.as_posix(): hashlib.sha256(paths[name].read_bytes()).hexdigest() for name in kept}


def measured(path: Path, name: str) -> Survey:
    source = path.read_bytes()
    with PARSER:
        functions = list(functions_in(ast.parse(source), name))
    return Survey(modules=1, lines=len(source.splitlines()), functions=len(functions), heaviest=heaviest(functions))


def functions_in(node: ast.AST, file: str, scope: str = "") -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        inner = scope
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{scope}{child.name}."
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (child.end_lineno or child.lineno) - child.lineno + 1
            branches = sum(isinstance(part, BRANCHES) for part in ast.walk(child))
            yield Function(file=file, line=child.lineno, name=inner[:-1], length=length, branches=branches)
        yield from functions_in(child, file, inner)


def heaviest(functions: Iterable[Function]) -> list[Function]:
    return sorted(functions, key=lambda each: (-each.weight, each.file, each.line))[:TOP]


def locate(target: str) -> Path:
    """Return the folder of an installed package, else of a path; ``./word`` is a path whatever is installed."""
    spec = importlib.util.find_spec(target) if target.isidentifier() else None
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0]) if folders else Path(target).expanduser()
    if not path.is_dir():
        raise SystemExit(f"{target!r} is neither an installed package nor a folder")
    return path.resolve()
