"""A flow, and a script that starts it and waits."""

from kitaru import checkpoint, flow


@checkpoint
def greet(name: str) -> str:
    return f"Hello, {name}"


@flow
def greeting(name: str = "Ada") -> str:
    return greet(name)


if __name__ == "__main__":
    print(greeting.run().wait())
