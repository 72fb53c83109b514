"""What does a training step of a convolutional network cost, and what do 16 bits and channels-last save?

The yardstick is the loop of pytorch/examples (mnist/main.py): a DataLoader, float32, channels first. Its images are
in memory and standardized already, which is kind to it. Every arm trains the same network from the same weights on
the same batches; the two float32 arms must end with the same loss before anything is timed. Arms take turns, and a
ratio is the median over the turns of the yardstick's time divided by the arm's in that turn. One thread. The accuracy
on the test images stands beside each time, mean of three seeds, since speed without it would say nothing.

Three networks, since the gain depends on the size of the maps. The first two are the cnn chapter's; most of their step
is overhead that no format shortens. The third looks at every pixel, as the chapter's CIFAR-10 recipe does. The arms in
16 bits run where the processor has instructions for them; elsewhere they are emulated, about ten times slower than
float32, and left out.

Run with ``python benchmarks/cnn_step.py``, in about six minutes.
"""

import dataclasses
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from report import write_report
from same_order import SameOrder
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from helpers import data, metrics, models, train
from helpers.runtime import Precision
from helpers.runtime.device import choose_precision

SEEDS, TURNS, BATCH = 3, 7, 64
FLOAT32, MIXED = Precision("cpu"), choose_precision(torch.device("cpu"), mixed=True)
EXAMPLE = "DataLoader, float32 (pytorch/examples)"


@dataclass(frozen=True)
class Case:
    name: str
    splits: data.Splits
    build: Callable[[], nn.Module]
    lr: float
    epochs: int  # to train for the accuracy
    timed: int  # epochs in one turn


def standardized(name: str, size: int | None = None) -> data.Splits:
    splits = data.load(name, seed=0, size=size)
    mean, std = (
        splits.train.inputs.mean(dim=(0, 2, 3), keepdim=True),
        splits.train.inputs.std(dim=(0, 2, 3), keepdim=True),
    )
    return splits.map(lambda inputs: (inputs - mean) / std)


def make_cases() -> list[Case]:
    patches = standardized("photo-patches")
    few = dataclasses.replace(patches, train=patches.train[::6])  # 50 of each class
    return [
        Case("ConvNet, digits at 28x28", standardized("digits", 28), models.ConvNet, 0.03, epochs=6, timed=1),
        Case("ResNet, photo-patches 32x32", patches, models.ResNet, 0.05, epochs=6, timed=1),
        Case("ResNet at every pixel, 500 photo-patches", few, lambda: models.ResNet(stem=1), 0.05, epochs=6, timed=1),
    ]


def make_model(case: Case, seed: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model = case.build()
    return model, torch.optim.SGD(model.parameters(), lr=case.lr, momentum=0.9, nesterov=True)


def example_loop(case: Case, seed: int, epochs: int) -> nn.Module:
    model, optimizer = make_model(case, seed)
    dataset = TensorDataset(case.splits.train.inputs, case.splits.train.targets)
    loader = DataLoader(dataset, BATCH, sampler=SameOrder(len(dataset), seed=seed))
    for _ in range(epochs):
        model.train()
        for images, labels in loader:
            optimizer.zero_grad()
            loss = cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
    return model


def our_loop(case: Case, seed: int, epochs: int, *, precision: Precision, layout: torch.memory_format) -> nn.Module:
    model, optimizer = make_model(case, seed)
    model.to(memory_format=layout)
    part = data.Examples(case.splits.train.inputs.to(memory_format=layout), case.splits.train.targets)
    batches = data.Batches(part, BATCH, generator=torch.Generator().manual_seed(seed))
    for _ in train.epochs(model, batches, cross_entropy, optimizer, epochs=epochs, precision=precision):
        pass
    return model


def make_arms(case: Case) -> dict[str, Callable[[int, int], nn.Module]]:
    layouts = {"": torch.contiguous_format, ", channels-last": torch.channels_last}
    arms = {EXAMPLE: lambda seed, epochs: example_loop(case, seed, epochs)}
    for precision in dict.fromkeys((FLOAT32, MIXED)):
        for words, layout in layouts.items():
            arms[f"train.epochs, {precision.name}{words}"] = lambda seed, epochs, precision=precision, layout=layout: (
                our_loop(case, seed, epochs, precision=precision, layout=layout)
            )
    return arms


def check_same_result(case: Case, arms: dict[str, Callable[[int, int], nn.Module]]) -> None:
    same = (EXAMPLE, "train.epochs, float32")
    first, second = (train.evaluate(arms[name](0, 1), case.splits.train, cross_entropy)["loss"] for name in same)
    assert abs(first - second) < 1e-5, f"the example ended at loss {first}, ours at {second}"


def accuracy(case: Case, model: nn.Module, name: str) -> float:
    precision = MIXED if MIXED.name in name else FLOAT32
    logits = train.predict(model, case.splits.test.inputs, precision=precision)
    return metrics.accuracy(logits, case.splits.test.targets)


def seconds(arm: Callable[[int, int], nn.Module], epochs: int) -> float:
    began = time.perf_counter()
    arm(0, epochs)
    return time.perf_counter() - began


def measure(case: Case) -> list[list[str | float]]:
    arms = make_arms(case)
    check_same_result(case, arms)
    reached = {
        name: statistics.mean(accuracy(case, arm(seed, case.epochs), name) for seed in range(SEEDS))
        for name, arm in arms.items()
    }
    turns = []
    for turn in range(TURNS):
        order = list(arms)[turn % len(arms) :] + list(arms)[: turn % len(arms)]  # no arm always follows the same one
        turns.append({name: seconds(arms[name], case.timed) for name in order})
    steps = case.timed * -(-len(case.splits.train) // BATCH)
    rows: list[list[str | float]] = []
    for name in arms:
        ratios = [turn[EXAMPLE] / turn[name] for turn in turns]
        per_step = statistics.median(turn[name] for turn in turns) / steps
        rows.append([case.name, name, round(statistics.median(ratios), 2), per_step * 1e3, reached[name]])
    return rows


def main() -> None:
    torch.set_num_threads(1)
    rows = [row for case in make_cases() for row in measure(case)]
    columns = ["network and data", "loop", "times as fast (median)", "ms per step", "test accuracy, 3 seeds"]
    write_report("cnn_step", "Training steps of convolutional networks", columns, rows)


if __name__ == "__main__":
    main()
