"""The flows of the tests against a server."""

TRIP = """
    import os
    import kitaru
    from kitaru import checkpoint, flow

    @checkpoint
    def collect(number: int) -> int:
        print("collecting")
        return number + 1

    @checkpoint
    def double(number: int) -> int:
        if not os.path.exists("mended"):
            raise RuntimeError("not mended yet")
        return number * 2

    @flow
    def trip(number: int) -> int:
        collected = collect(number)
        if not kitaru.wait(name="go", question="Go on?", timeout=60):
            return 0
        return double(collected)

    @flow
    def quick() -> int:
        print("quickly")
        return 7
"""
