"""Survey a Python package or folder: which functions are the longest and branch the most? What `make demo` runs.

    python examples/code_survey.py                    # the installed zenml
    python examples/code_survey.py rich               # any installed package
    python examples/code_survey.py ~/src/project      # any folder

Run it twice: of an unchanged tree nearly everything comes from the cache. A batch of modules is parsed again only when
one of its files has changed, since the digests of the files are among its inputs.
"""

import argparse
from pathlib import Path

from python_source import Survey, digests, heaviest, locate, measured

from kitaru import checkpoint, flow

Batch = dict[str, str]  # the digests of some files by name


@checkpoint(cache=False)  # the files may have changed since they were last looked at
def list_modules(root: str) -> Batch:
    return digests(Path(root))


@checkpoint
def parse_modules(root: str, batch: Batch) -> Survey:
    return total([parsed(root, name) for name in batch])


def parsed(root: str, name: str) -> Survey:
    try:
        return measured(Path(root, name), name)
    except (OSError, ValueError, SyntaxError, RecursionError) as error:
        return Survey(problems={name: f"{type(error).__name__}: {error}"})


def total(surveys: list[Survey]) -> Survey:
    return Survey(
        modules=sum(survey.modules for survey in surveys),
        lines=sum(survey.lines for survey in surveys),
        functions=sum(survey.functions for survey in surveys),
        heaviest=heaviest(function for survey in surveys for function in survey.heaviest),
        problems={name: problem for survey in surveys for name, problem in survey.problems.items()},
    )


@checkpoint
def render(target: str, surveys: list[Survey]) -> str:
    all_of_it = total(surveys)
    lines = [f"# Code survey of {target}", "", "{modules} modules, {lines} lines, {functions} functions."]
    lines[-1] = lines[-1].format(**all_of_it.model_dump())
    lines += ["Weight is length in lines times (1 + branches).", "", "| function | where | lines | branches | weight |"]
    lines += ["| --- | --- | ---: | ---: | ---: |"]
    for f in all_of_it.heaviest:
        lines.append(f"| `{f.name}` | `{f.file}:{f.line}` | {f.length} | {f.branches} | {f.weight} |")
    lines += [f"\nNot surveyed: `{name}`: {problem}" for name, problem in all_of_it.problems.items()]
    return "\n".join(lines) + "\n"


@flow
def code_survey(target: str, root: str, size: int = 40) -> str:
    files = list(list_modules(root).items())
    batches = [dict(files[start : start + size]) for start in range(0, len(files), size)]
    return render(target, parse_modules.map(root, batches).results())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Survey a Python package or folder.")
    parser.add_argument("target", nargs="?", default="zenml", help="an installed package, or a folder")
    parser.add_argument("--output", type=Path, default=Path("survey.md"), help="the report (default: survey.md)")
    parser.add_argument("--batch-size", type=int, default=40, help="modules per checkpoint (default: 40)")
    given = parser.parse_args()
    handle = code_survey.run(given.target, str(locate(given.target)), given.batch_size)
    given.output.write_text(handle.wait(), encoding="utf-8")
    print("\n".join(given.output.read_text(encoding="utf-8").splitlines()[:12]), end="\n\n")
    calls = handle.execution.checkpoints
    print(f"{len(calls)} checkpoints, {sum(call.status == 'cached' for call in calls)} of them from the cache")
    print(f"report     {given.output}\nexecution  {handle.exec_id}")
