"""Survey a Python package or source tree: which functions are the longest and branch the most?

    python examples/code_survey.py                    # the installed zenml
    python examples/code_survey.py rich --top 10      # any installed package
    python examples/code_survey.py ~/src/project      # any folder, or one file

The tree is listed, its modules are parsed with `ast` by a fan-out of checkpoints, the functions are ranked, and a
Markdown report is written. A second survey of an unchanged tree takes nearly everything from the cache: a batch of
modules is parsed again only when one of its files has changed. Files that cannot be read or parsed are reported.
"""

import argparse
import ast
import hashlib
import importlib.util
import os
import shlex
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from pydantic import BaseModel

from kitaru import FlowHandle, KitaruError, checkpoint, flow

SKIPPED_FOLDERS = {"__pycache__", "node_modules"}  # beside hidden ones and virtual environments
BRANCHES = (
    *(ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While),
    *(ast.ExceptHandler, ast.BoolOp, ast.comprehension, ast.match_case),
)

# Checkpoints of one flow run in threads here, and CPython 3.11's parser counts the depth of its recursion for all
# threads together: two at once end in "AST constructor recursion depth mismatch" (python/cpython#106905).
PARSER = Lock()

# The surveyed code's own warnings (an invalid escape, say) are not what the reader asked for.
warnings.filterwarnings("ignore", category=SyntaxWarning)


class SourceFile(BaseModel):
    """A file as it was when the tree was listed."""

    name: str  # relative to the root
    sha256: str


class Problem(BaseModel):
    """A file that could not be surveyed."""

    name: str
    reason: str


class Tree(BaseModel):
    """What there is to survey."""

    files: list[SourceFile]
    problems: list[Problem]


class Batch(BaseModel):
    """Files that one checkpoint parses. The hashes make the batch differ when a file does."""

    root: str
    files: list[SourceFile]
    top: int


class Function(BaseModel):
    """A function or method, and what makes it hard to read."""

    file: str
    line: int
    name: str
    length: int  # lines
    branches: int

    @property
    def weight(self) -> int:
        return self.length * (1 + self.branches)


class Survey(BaseModel):
    """The figures of some modules, and their heaviest functions."""

    files: int = 0
    lines: int = 0
    functions: int = 0
    heaviest: list[Function] = []
    problems: list[Problem] = []


# -- the checkpoints and the flow -------------------------------------------------------------------------------------


@checkpoint(cache=False)  # the tree may have changed since it was last looked at
def list_modules(root: str) -> Tree:
    tree = Tree(files=[], problems=[])
    base = Path(root)
    for path in sorted(python_files(base, tree.problems)):
        name = path.name if path == base else path.relative_to(base).as_posix()
        try:
            name.encode()  # a name that is not text could be neither stored nor reported
            tree.files.append(SourceFile(name=name, sha256=hashlib.sha256(read(path)).hexdigest()))
        except (OSError, UnicodeEncodeError) as error:
            tree.problems.append(Problem(name=ascii(name)[1:-1], reason=str(error)))
    return tree


@checkpoint
def parse_modules(batch: Batch) -> Survey:
    survey = Survey()
    for file in batch.files:
        try:
            functions, lines = parse(Path(batch.root), file)
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError) as error:
            survey.problems.append(Problem(name=file.name, reason=f"{type(error).__name__}: {error}"))
            continue
        survey.files += 1
        survey.lines += lines
        survey.functions += len(functions)
        survey.heaviest = heaviest(survey.heaviest + functions, batch.top)
    return survey


@checkpoint
def rank(surveys: list[Survey], top: int) -> Survey:
    return Survey(
        files=sum(survey.files for survey in surveys),
        lines=sum(survey.lines for survey in surveys),
        functions=sum(survey.functions for survey in surveys),
        heaviest=heaviest([function for survey in surveys for function in survey.heaviest], top),
        problems=[problem for survey in surveys for problem in survey.problems],
    )


@checkpoint
def render(target: str, survey: Survey, tree: Tree) -> str:
    lines = [
        f"# Code survey of {target}",
        "",
        f"{survey.files} modules, {survey.lines} lines, {survey.functions} functions.",
        "Weight is length in lines times (1 + branches).",
        "",
        "| # | function | where | lines | branches | weight |",
        "| ---: | --- | --- | ---: | ---: | ---: |",
    ]
    for place, function in enumerate(survey.heaviest, start=1):
        where = code(f"{function.file}:{function.line}").replace("|", "\\|")  # a bar would end the cell
        figures = f"{function.length} | {function.branches} | {function.weight}"
        lines.append(f"| {place} | `{function.name}` | {where} | {figures} |")
    problems = tree.problems + survey.problems
    if problems:
        lines += ["", f"## Not surveyed ({len(problems)})", ""]
        lines += [f"- {code(problem.name)}: {' '.join(problem.reason.split())}" for problem in problems]
    return "\n".join(lines) + "\n"


@flow
def code_survey(target: str, root: str, top: int = 20, batch_size: int = 40) -> str:
    tree = list_modules(root)
    chunks = [tree.files[start : start + batch_size] for start in range(0, len(tree.files), batch_size)]
    surveys = parse_modules.map([Batch(root=root, files=chunk, top=top) for chunk in chunks])
    return render(target, rank(surveys.results(), top), tree)


# -- plain Python that the checkpoints use ----------------------------------------------------------------------------


def python_files(root: Path, problems: list[Problem]) -> Iterator[Path]:
    if root.is_file():
        yield root

    def report(error: OSError) -> None:
        problems.append(Problem(name=os.path.relpath(error.filename, root), reason=str(error)))

    for folder, subfolders, names in os.walk(root, onerror=report):
        subfolders[:] = [name for name in subfolders if is_surveyed(Path(folder, name))]
        yield from (Path(folder, name) for name in names if name.endswith(".py"))


def is_surveyed(folder: Path) -> bool:
    own = not folder.name.startswith(".") and folder.name not in SKIPPED_FOLDERS
    return own and not (folder / "pyvenv.cfg").exists()


def read(path: Path) -> bytes:
    if not path.is_file():  # a broken link, or a pipe, whose reader would wait for ever
        raise OSError("not a regular file")
    return path.read_bytes()


def parse(root: Path, file: SourceFile) -> tuple[list[Function], int]:
    """Return a module's functions and its number of lines."""
    source = read(root if root.is_file() else root / file.name)
    if hashlib.sha256(source).hexdigest() != file.sha256:
        raise ValueError("changed while it was being surveyed")
    with PARSER:
        module = ast.parse(source)
    return list(functions_in(module, file.name)), len(source.splitlines())


def functions_in(node: ast.AST, file: str, scope: str = "") -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from functions_in(child, file, scope)
            continue
        name = scope + child.name
        if not isinstance(child, ast.ClassDef):
            length = (child.end_lineno or child.lineno) - child.lineno + 1
            branches = sum(isinstance(inner, BRANCHES) for inner in ast.walk(child))
            yield Function(file=file, line=child.lineno, name=name, length=length, branches=branches)
        yield from functions_in(child, file, name + ".")


def heaviest(functions: list[Function], top: int) -> list[Function]:
    return sorted(functions, key=lambda each: (-each.weight, each.file, each.line))[:top]


def code(text: str) -> str:
    """Return text as Markdown code on one line, whatever a file is called."""
    return "`" + " ".join(text.replace("`", "'").split()) + "`"


# -- the command ------------------------------------------------------------------------------------------------------


def locate(target: str) -> Path:
    """Return the folder or file that a path or an installed package names; the package is not imported.

    A plain word is a package first, whatever lies in the working directory: ``./word`` is the path.
    """
    path = Path(target).expanduser()
    found = source_of(target) if target.isidentifier() else None
    found = found or (path if path.exists() else source_of(target))
    if found:
        return found.resolve()
    raise SystemExit(f"{target!r} is neither a path nor an installed package or module with Python source")


def source_of(package: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # a parent that is missing, or no name at all
        return None
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec is not None and spec.origin and spec.origin.endswith(".py") else None


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def tell(handle: FlowHandle[str], report: Path) -> None:
    """Print what came from the cache, and where the report and the execution can be found."""
    checkpoints = handle.execution.checkpoints
    cached = sum(each.status == "cached" for each in checkpoints)
    print(f"{len(checkpoints)} checkpoints, {cached} of them from the cache")
    print(f"report     {report}")
    print(f"execution  {handle.exec_id}")
    if handle.dashboard_url:
        print(f"dashboard  {handle.dashboard_url}")
        return
    config = os.environ.get("ZENML_CONFIG_PATH")
    prefix = f"ZENML_CONFIG_PATH={shlex.quote(config)} " if config else ""
    programs = Path(sys.executable).parent
    programs = programs.relative_to(Path.cwd()) if programs.is_relative_to(Path.cwd()) else programs
    print(f"inspect    {prefix}{programs}/zenml pipeline runs list")
    print(f'dashboard  {programs}/pip install "zenml[server]", then {prefix}{programs}/zenml login --local')


def main() -> None:
    parser = argparse.ArgumentParser(description="Survey a Python package or source tree.")
    parser.add_argument("target", nargs="?", default="zenml", help="an installed package, or a path (default: zenml)")
    parser.add_argument("--output", type=Path, default=Path("survey.md"), help="the report (default: survey.md)")
    parser.add_argument("--top", type=positive, default=20, help="functions in the report (default: 20)")
    parser.add_argument("--batch-size", type=positive, default=40, help="modules per checkpoint (default: 40)")
    options = parser.parse_args()
    root = locate(options.target)
    try:
        handle = code_survey.run(options.target, str(root), options.top, options.batch_size)
        report = handle.wait()
    except KitaruError as error:
        raise SystemExit(str(error)) from error
    options.output.write_text(report, encoding="utf-8")
    print("\n".join(report.splitlines()[:12]), end="\n\n")
    tell(handle, options.output)


if __name__ == "__main__":
    main()
