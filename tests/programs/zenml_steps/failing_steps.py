"""Steps that fail: one that is tried again and replayed, and one that nobody looks at."""

from number_steps import RAN, has_run_once, load, one, ran
from zenml import step

import kitaru
from kitaru import KitaruClient, flow


@step
def fails_first(numbers: list[int]) -> int:
    ran("fails_first")
    if has_run_once("fails_first"):
        raise ValueError("the first time")
    return len(numbers)


@step
def lost(n: int) -> int:
    raise RuntimeError(f"nobody looks at {n}")


@flow(cache=False)
def mixed(n: int = 3, careless: bool = False) -> int:
    if careless:
        lost.submit(n)
        return 1
    numbers = load(n)
    length: int = fails_first(numbers, id="named").load()
    return length + one(1)


def main() -> None:
    handle = mixed.run()
    for _ in range(2):
        try:
            print(handle.wait(progress=False))
        except kitaru.KitaruUserCodeError as error:
            print(error.checkpoint, error.exception_type, error.exception_message)
            KitaruClient().executions.retry(handle.exec_id)
    print(sorted(RAN.read_text(encoding="utf-8").split()))
    replay = mixed.replay(handle.exec_id, at="one", outputs={"named": 9})
    print(replay.wait(progress=False), [(call.name, call.replay) for call in replay.execution.checkpoints])
    try:
        mixed.run(careless=True).wait(progress=False)
    except kitaru.KitaruUserCodeError as error:
        print(error.checkpoint, error.exception_message)


if __name__ == "__main__":
    main()
