"""Which calls of an execution got the very artifacts of which others."""

from __future__ import annotations


def edges(exec_id: str) -> dict[str, dict[str, list[str]]]:
    """Return for each call the calls whose artifacts it got, by input; "stored" where no call made what it got."""
    from zenml.client import Client

    steps = Client().get_pipeline_run(exec_id).steps
    makers = {made.id: name for name, step in steps.items() for outputs in step.outputs.values() for made in outputs}
    return {
        name: {
            key: [makers.get(artifact.id, "stored") for artifact in (got if isinstance(got, list) else [got])]
            for key, got in step.inputs.items()
        }
        for name, step in steps.items()
    }
