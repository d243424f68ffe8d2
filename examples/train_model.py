"""Train a small model: candidates side by side, the best one kept, and loaded again where it is needed.

pip install scikit-learn
python examples/train_model.py
"""

from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import kitaru
from kitaru import KitaruClient, checkpoint, flow

Data = dict[str, np.ndarray[Any, Any]]


@checkpoint
def load() -> Data:
    images, digits = load_digits(return_X_y=True)
    parts = train_test_split(images, digits, test_size=0.25, random_state=7)
    return dict(zip(("train_x", "test_x", "train_y", "test_y"), parts, strict=True))


@checkpoint(type="training")
def train(data: Data, strength: float) -> Any:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=200))
    return model.fit(data["train_x"], data["train_y"])


@checkpoint(type="evaluation")
def evaluate(model: Any, data: Data) -> float:
    score = float(model.score(data["test_x"], data["test_y"]))
    kitaru.log(accuracy=round(score, 4))  # shown beside the checkpoint, in the terminal and the dashboard
    return score


@checkpoint
def keep(model: Any, score: float) -> str:
    kitaru.save("digits_model", model)
    return f"the best model is right in {score:.0%} of the cases"


@flow
def training(strengths: list[float]) -> str:
    data = load()
    models = train.map(kitaru.unmapped(data), strengths)  # side by side
    scores = evaluate.map(models, kitaru.unmapped(data)).results()
    best = max(range(len(scores)), key=scores.__getitem__)
    return keep(models[best], scores[best])


if __name__ == "__main__":
    handle = training.run([0.0001, 0.01, 1.0])
    print(handle.wait())
    # Any other program, with the id of the execution:
    (saved,) = KitaruClient().artifacts.list(handle.exec_id, name="digits_model")
    images, digits = load_digits(return_X_y=True)
    print(f"it reads a {digits[0]} as {saved.load().predict(images[:1])[0]}")
