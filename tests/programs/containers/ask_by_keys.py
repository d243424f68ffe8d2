"""Runs the flows that ask models, with their keys in secrets, and hands out all that can be read of them."""

from __future__ import annotations

import os

from handing_out import out
from talking_flows import fail, talk

import kitaru
from kitaru import KitaruUserCodeError


def main() -> None:
    where = os.environ["OPENAI_BASE_URL"]
    kitaru.set_secret("openai-environment", {name: os.environ[name] for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL")})
    kitaru.set_secret("wrong-creds", {"api_key": os.environ["WRONG"], "base_url": where})
    kitaru.register_model("wrong", "openai-chat:fast-model", secret="wrong-creds")
    talking, failing = talk.run(image={"secret_environment_from": ["openai-environment"]}), fail.run()
    result = talking.wait(timeout=300)
    try:
        told = failing.wait(timeout=300)
    except KitaruUserCodeError as error:
        told = str(error)
    records = [handle.execution.model_dump(mode="json") for handle in (talking, failing)]
    out([result, told, records, [[entry.message for entry in handle.logs()] for handle in (talking, failing)]])


if __name__ == "__main__":
    main()
