"""Train a small network on the bundled digits and write a model folder: seconds on a CPU.

Run with ``python -m apps.digits.train --model FOLDER``.
"""

import argparse
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from apps.digits.model_folder import (
    DEFAULT,
    ModelCard,
    ModelFolderError,
    Preprocessing,
    ReferenceImages,
    check_writable,
    digest,
    write_folder,
)
from apps.digits.reference import reference_images
from helpers import data, metrics, models, runtime, train
from helpers.data.transforms import vary
from helpers.deploy.export import to_onnx

_VERSIONS = ("torch", "onnx", "onnxscript", "onnxruntime", "scikit-learn", "numpy")


def train_digits(*, seed: int = 0, epochs: int = 20) -> tuple[nn.Module, data.Splits]:
    """Train on varied digits at 28x28 pixels; return the model and the data.

    Args:
        seed: decides the split, the first weights, the order and the variations.
        epochs: 1 or more.
    """
    splits = data.load("digits", size=28, seed=seed)
    runtime.seed_everything(seed)
    generator = torch.Generator().manual_seed(seed)
    model = models.ConvNet(channels=1, classes=len(splits.classes), size=28)
    model.to(memory_format=torch.channels_last)  # a CPU convolves faster so
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    shuffled = data.Batches(splits.train, 64, generator=generator)
    batches = data.Augmented(shuffled, partial(vary, generator=generator))
    for _ in train.epochs(model, batches, cross_entropy, optimizer, epochs=epochs):
        schedule.step()
    return model.to(memory_format=torch.contiguous_format), splits


def write_digits(folder: str | Path, *, seed: int = 0, epochs: int = 20) -> ModelCard:
    """Train, export and write a model folder; return its card.

    Args:
        folder: where to; made if it is missing.
        seed: of the training.
        epochs: of the training.
    """
    model, splits = train_digits(seed=seed, epochs=epochs)
    exported = to_onnx(model, splits.train.inputs[:2])
    logits = {"validation": train.predict(model, splits.valid.inputs), "test": train.predict(model, splits.test.inputs)}
    names = {"model": type(model).__name__, "data": splits.name}
    ink = splits.valid.inputs.mean(dim=(1, 2, 3))
    certainty = logits["validation"].softmax(dim=1).amax(dim=1)
    card = ModelCard(
        name=splits.name,
        classes=tuple(splits.classes),
        input_shape=(1, 28, 28),
        preprocessing=Preprocessing(),
        training={**names, "examples": len(splits.train), "seed": seed, "epochs": epochs},
        metrics={
            "validation accuracy": _rounded(metrics.accuracy(logits["validation"], splits.valid.targets)),
            "test accuracy": _rounded(metrics.accuracy(logits["test"], splits.test.targets)),
        },
        usual={"ink": _mean_and_std(ink), "certainty": _mean_and_std(certainty)},
        reference=_reference(splits, certainty),
        versions={package: version(package) for package in _VERSIONS},
        sha256=digest(exported),
    )
    write_folder(folder, exported, card)
    return card


def _reference(splits: data.Splits, certainty: Tensor) -> ReferenceImages:
    return reference_images(
        splits.train.inputs[:, 0].numpy(),
        splits.train.targets.numpy(),
        held_out=splits.valid.inputs[:, 0].numpy(),
        certainties=certainty.numpy(),
    )


def _mean_and_std(values: Tensor) -> tuple[float, float]:
    return _rounded(values.mean()), _rounded(values.std())


def _rounded(value: float | Tensor) -> float:
    return round(float(value), 4)


def main() -> None:
    """Train as the command line says, and say what came out."""
    parser = argparse.ArgumentParser(prog="python -m apps.digits.train", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", type=Path, default=DEFAULT, metavar="FOLDER", help="where to (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the training (%(default)s)")
    parser.add_argument("--epochs", type=int, default=20, help="of the training (%(default)s)")
    options = parser.parse_args()
    runtime.pin_threads(1)
    try:
        check_writable(options.model)
        card = write_digits(options.model, seed=options.seed, epochs=options.epochs)
    except (ModelFolderError, OSError) as error:
        sys.exit(f"error: {error}")
    scores = ", ".join(f"{name} {value:.3f}" for name, value in card.metrics.items())
    print(f"{options.model} holds a model of {card.name}: {scores}")


if __name__ == "__main__":
    main()
