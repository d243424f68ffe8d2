"""A step and a checkpoint that return models of scikit-learn, and which libraries are loaded before they run."""

import sys
from typing import Any

from zenml import step

from kitaru import checkpoint, flow


def libraries() -> list[str]:
    """Return the libraries of ZenML's integrations that this process has loaded."""
    from kitaru._zenml.door.installed import LIBRARIES

    return sorted(set(LIBRARIES.values()) & set(sys.modules))


@checkpoint(cache=False)
def loaded() -> list[str]:
    return libraries()


@step(enable_cache=False)
def fit() -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit([[1], [2]], [2, 4])


@checkpoint(cache=False)
def tree() -> Any:
    from sklearn.tree import DecisionTreeRegressor

    return DecisionTreeRegressor().fit([[1], [2]], [2, 4])


@flow(cache=False)
def training() -> list[str]:
    before = loaded()
    model = fit()
    assert round(model.load().predict([[3]])[0]) == 6
    assert tree().predict([[2]])[0] + 2 == 6
    return before


def main() -> None:
    handle = training.run()
    print(libraries(), handle.wait(timeout=300))

    from zenml.client import Client

    for name, ran in sorted(Client().get_pipeline_run(handle.exec_id).steps.items()):
        print(name, ran.outputs["output"][0].materializer.import_path.rpartition(".")[2])


if __name__ == "__main__":
    main()
