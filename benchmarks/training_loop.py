"""How much does a training loop cost? The same steps through a bare loop, ours, and the usual ones.

Every arm trains the same model from the same weights on the same batches with the same optimizer; the trained
weights are compared before anything is timed. Arms take turns, so that a noisy moment hits all of them, and the
result is the median over the turns of each arm's time divided by the bare loop's time in that turn. One thread:
tiny models scatter widely at two.

Run with ``make bench``.
"""

import contextlib
import io
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import lightning
import skorch
import torch
from report import write_report
from same_order import SameOrder
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from helpers import data, models, train

LR = 0.05
BARE = "bare loop"  # on in-memory batches: the yardstick


@dataclass(frozen=True)
class Case:
    name: str
    features: int
    hidden: tuple[int, ...]
    batch_size: int
    steps: int  # per epoch
    epochs: int
    turns: int


CASES = [
    Case("64-64-10, batch 32", 64, (64,), 32, steps=200, epochs=4, turns=28),
    Case("784-1024-1024-10, batch 256", 784, (1024, 1024), 256, steps=8, epochs=2, turns=7),
]


def make_examples(case: Case) -> data.Examples:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(case.steps * case.batch_size, case.features, generator=generator)
    labels = torch.randint(10, (len(inputs),), generator=generator)
    return data.Examples(inputs, labels)


def make_model(case: Case) -> nn.Module:
    torch.manual_seed(0)
    return models.MLP(case.features, case.hidden, 10)


def make_batches(case: Case, examples: data.Examples) -> data.Batches:
    return data.Batches(examples, case.batch_size, generator=torch.Generator().manual_seed(1))


def make_loader(case: Case, examples: data.Examples) -> DataLoader:
    dataset = TensorDataset(examples.inputs, examples.targets)
    return DataLoader(dataset, case.batch_size, sampler=SameOrder(len(dataset), seed=1))


def bare_loop(case: Case, batches) -> nn.Module:
    model = make_model(case)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    for _ in range(case.epochs):
        for inputs, labels in batches:
            optimizer.zero_grad()
            loss = cross_entropy(model(inputs), labels)
            loss.backward()
            optimizer.step()
    return model


def our_loop(case: Case, batches) -> nn.Module:
    model = make_model(case)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    for _ in train.epochs(model, batches, cross_entropy, optimizer, epochs=case.epochs):
        pass
    return model


class LightningModel(lightning.LightningModule):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def training_step(self, batch, _index):
        inputs, labels = batch
        return cross_entropy(self.model(inputs), labels)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=LR)


def lightning_loop(case: Case, batches, *, barebones: bool) -> nn.Module:
    """Lightning at its fastest (``barebones``: no logger, progress bar, checkpoints or checks), or as it comes."""
    module = LightningModel(make_model(case))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        trainer = lightning.Trainer(
            max_epochs=case.epochs, accelerator="cpu", barebones=barebones, default_root_dir=folder
        )
        trainer.fit(module, batches)
    return module.model


def skorch_loop(case: Case, examples: data.Examples, batches) -> nn.Module:
    net = skorch.NeuralNet(
        make_model(case),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD,
        lr=LR,
        max_epochs=case.epochs,
        train_split=None,
        verbose=0,
        callbacks__print_log=None,
        iterator_train=lambda _dataset, **_options: batches,  # the same batches, no DataLoader
    )
    net.fit(examples.inputs, examples.targets)
    return net.module_


def make_arms(case: Case) -> dict[str, Callable[[], nn.Module]]:
    """Each arm builds its batches anew, so every turn sees the same order."""
    examples = make_examples(case)
    return {
        BARE: lambda: bare_loop(case, make_batches(case, examples)),
        "train.epochs": lambda: our_loop(case, make_batches(case, examples)),
        "bare loop, DataLoader": lambda: bare_loop(case, make_loader(case, examples)),
        "skorch, in-memory batches": lambda: skorch_loop(case, examples, make_batches(case, examples)),
        "skorch, DataLoader": lambda: skorch_loop(case, examples, make_loader(case, examples)),
        "Lightning barebones, in-memory batches": lambda: lightning_loop(
            case, make_batches(case, examples), barebones=True
        ),
        "Lightning barebones, DataLoader": lambda: lightning_loop(case, make_loader(case, examples), barebones=True),
        "Lightning as it comes, DataLoader": lambda: lightning_loop(case, make_loader(case, examples), barebones=False),
    }


def check_same_result(case: Case, arms: dict[str, Callable[[], nn.Module]]) -> None:
    """Assert that every arm ends with the same loss on the same data: otherwise the times compare nothing."""
    examples = make_examples(case)
    final = {}
    for name, arm in arms.items():
        final[name] = train.evaluate(arm(), examples, cross_entropy)["loss"]
    expected = final[BARE]
    for name, loss in final.items():
        assert abs(loss - expected) < 1e-5, f"{name} ended at loss {loss}, the bare loop at {expected}"


def seconds(arm: Callable[[], nn.Module]) -> float:
    began = time.perf_counter()
    arm()
    return time.perf_counter() - began


def measure(case: Case) -> list[list[str | float]]:
    arms = make_arms(case)
    check_same_result(case, arms)
    turns = []
    for turn in range(case.turns):
        order = list(arms)[turn % len(arms) :] + list(arms)[: turn % len(arms)]  # no arm always follows the same one
        turns.append({name: seconds(arms[name]) for name in order})
    rows: list[list[str | float]] = []
    for name in arms:
        ratios = [turn[name] / turn[BARE] for turn in turns]
        per_step = statistics.median(turn[name] for turn in turns) / (case.steps * case.epochs)
        low, _, high = statistics.quantiles(ratios, n=4)
        rows.append([case.name, name, round(statistics.median(ratios), 3), f"{low:.3f} to {high:.3f}", per_step * 1e6])
    return rows


def main() -> None:
    torch.set_num_threads(1)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    rows = [row for case in CASES for row in measure(case)]
    columns = ["model", "loop", "time over the bare loop (median)", "middle half", "microseconds per step"]
    write_report("training_loop", "Training loops, the same steps", columns, rows, peers=[lightning, skorch, torch])


if __name__ == "__main__":
    main()
