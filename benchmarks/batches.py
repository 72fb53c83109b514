"""How fast do mini-batches come? ``data.Batches`` beside torch's DataLoader, on examples that are in memory.

Every arm shuffles, and is checked first to give each example once. The arms take turns, so that a noisy moment hits
all of them; a ratio is the median over the turns of an arm's time divided by that of ``data.Batches`` in that turn.
One thread. Nothing is done with a batch: with a model behind it, the ratios are smaller.

Run with ``python benchmarks/batches.py``, in less than a minute.
"""

import statistics
import time
from collections.abc import Callable, Iterable

import sklearn
import torch
from report import write_report
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from helpers import data

TURNS = 15
Arm = Iterable[tuple[Tensor, Tensor]]


def make_batches(examples: data.Examples, batch_size: int) -> Arm:
    return data.Batches(examples, batch_size, generator=torch.Generator().manual_seed(0))


def make_loader(examples: data.Examples, batch_size: int) -> Arm:
    """As tutorials have it: one example after the other, then stacked."""
    return DataLoader(TensorDataset(examples.inputs, examples.targets), batch_size, shuffle=True)


def make_index_loader(examples: data.Examples, batch_size: int) -> Arm:
    """The DataLoader at its fastest here: the sampler gives a list of rows, and indexing gives a whole batch."""
    dataset = TensorDataset(examples.inputs, examples.targets)
    sampler = BatchSampler(RandomSampler(dataset), batch_size, drop_last=False)
    return DataLoader(dataset, batch_size=None, sampler=sampler)


ARMS: dict[str, Callable[[data.Examples, int], Arm]] = {
    "data.Batches": make_batches,
    "DataLoader": make_loader,
    "DataLoader, lists of rows": make_index_loader,
}


def make_cases() -> dict[str, tuple[data.Examples, int]]:
    digits = data.load("digits", seed=0).train
    generator = torch.Generator().manual_seed(0)
    images = data.Examples(torch.rand(10_000, 1, 28, 28, generator=generator), torch.arange(10_000) % 10)
    return {
        "digits, batch 32": (digits, 32),
        "digits, batch 256": (digits, 256),
        "10,000 images of 28x28, batch 32": (images, 32),
        "10,000 images of 28x28, batch 256": (images, 256),
    }


def check(examples: data.Examples, arm: Arm) -> None:
    """Each example once: the same targets, and the same pixels up to the order of summation."""
    inputs, targets = (torch.cat(side) for side in zip(*arm, strict=True))
    assert torch.equal(targets.sort().values, examples.targets.sort().values)
    assert torch.equal(inputs.flatten().sort().values, examples.inputs.flatten().sort().values)
    assert not torch.equal(targets, examples.targets)


def seconds(arm: Arm) -> float:
    start = time.perf_counter()
    for _ in arm:
        pass
    return time.perf_counter() - start


def compare(name: str, examples: data.Examples, batch_size: int) -> list[list[str | float]]:
    arms = {arm: make(examples, batch_size) for arm, make in ARMS.items()}
    for batches in arms.values():
        check(examples, batches)
    times: dict[str, list[float]] = {arm: [] for arm in arms}
    for _ in range(TURNS):
        for arm, batches in arms.items():
            times[arm].append(seconds(batches))
    count = -(-len(examples) // batch_size)
    rows: list[list[str | float]] = []
    for arm, measured in times.items():
        ratios = [theirs / ours for theirs, ours in zip(measured, times["data.Batches"], strict=True)]
        rows.append([name, arm, statistics.median(measured) / count * 1e6, statistics.median(ratios)])
    return rows


def main() -> None:
    torch.set_num_threads(1)
    rows = [row for name, case in make_cases().items() for row in compare(name, *case)]
    columns = ["data", "batches from", "microseconds a batch", "times data.Batches"]
    write_report("batches", "Batches in memory", columns, rows, peers=(torch, sklearn))


if __name__ == "__main__":
    main()
