"""A training step of the U-Net chapter's model beside MONAI's UNet of equal size, and Dice beside MONAI's metric.

All arms get the same volumes. Two of MONAI's UNets have our number of parameters to five in a hundred. The *narrow*
one has two convolutions a block and half our channels at each resolution. The *wide* one has our channels at each
resolution and one convolution a block. Both halve the resolution in their first convolution, as ours does, and have
as many channels as classes at the finest level, where ours has eight and a skip: they have less work there. Checked
first: the logits have one shape, every model's loss falls, and the Dice values agree. Arms take turns, so that a
noisy moment hits all of them; a ratio is the median over the turns. One thread.

Run with ``python benchmarks/unet_step.py``, in about two minutes.
"""

import statistics
import time
from collections.abc import Callable

import monai
import torch
from monai.metrics import DiceMetric
from monai.networks.nets import UNet as MonaiUNet
from report import write_report
from torch import Tensor, nn
from torch.nn import functional as F

from helpers import data, losses, metrics, models, runtime

TURNS = 11
CLASSES = 4
FLOAT32 = runtime.Precision()
BFLOAT16 = runtime.Precision("cpu", torch.bfloat16)
Step = Callable[[], None]


def make_ours(*, early: bool) -> nn.Module:
    torch.manual_seed(0)
    return models.UNet(4, CLASSES, widths=[8, 16, 32], early=early)


def make_monai(*, wide: bool) -> nn.Module:
    torch.manual_seed(0)
    channels, units = ([16, 32, 18], 1) if wide else ([8, 16, 35], 2)
    return MonaiUNet(3, 4, CLASSES, channels=channels, strides=[2, 2], num_res_units=units, norm="batch")


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def loss_fn(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits.float(), labels) + losses.dice(logits, labels, batch=True)


def make_step(model: nn.Module, examples: data.Examples, precision: runtime.Precision, *, last: bool) -> Step:
    """One step on all the examples; `last`: with the channels last in memory."""
    layout = torch.channels_last_3d if last else torch.contiguous_format
    model = model.to(memory_format=layout)
    inputs = examples.inputs.contiguous(memory_format=layout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        with precision.autocast():
            loss = loss_fn(model(inputs), examples.targets)
        loss.backward()
        optimizer.step()

    return step


def check_models(examples: data.Examples) -> None:
    """Models of one size, logits of one shape, and both learn."""
    ours, theirs = parameters(make_ours(early=True)), [make_monai(wide=wide) for wide in (False, True)]
    for model in theirs:
        assert abs(parameters(model) / ours - 1) <= 0.05, f"ours has {ours} parameters, MONAI's {parameters(model)}"
    for model in (make_ours(early=True), make_ours(early=False), *theirs):
        before = loss_fn(model(examples.inputs), examples.targets).item()
        assert model(examples.inputs).shape == (len(examples), CLASSES, *examples.inputs.shape[2:])
        step = make_step(model, examples, FLOAT32, last=False)
        for _ in range(5):
            step()
        assert loss_fn(model(examples.inputs), examples.targets).item() < before


def seconds(arm: Step) -> float:
    began = time.perf_counter()
    arm()
    return time.perf_counter() - began


def compare(what: str, arms: dict[str, Step]) -> list[list[str | float]]:
    """Rows (what, arm, milliseconds, times the first arm)."""
    for arm in arms.values():
        arm()  # warms caches and picks kernels
    turns = []
    for turn in range(TURNS):
        order = list(arms)[turn % len(arms) :] + list(arms)[: turn % len(arms)]
        turns.append({name: seconds(arms[name]) for name in order})
    first = next(iter(arms))
    rows: list[list[str | float]] = []
    for name in arms:
        ratio = statistics.median(turn[name] / turn[first] for turn in turns)
        rows.append([what, name, statistics.median(turn[name] for turn in turns) * 1e3, ratio])
    return rows


def compare_steps(examples: data.Examples) -> list[list[str | float]]:
    arms = {
        "ours, bfloat16, channels last": make_step(make_ours(early=True), examples, BFLOAT16, last=True),
        "ours, float32, channels last": make_step(make_ours(early=True), examples, FLOAT32, last=True),
        "ours, float32": make_step(make_ours(early=True), examples, FLOAT32, last=False),
        "ours with the finest encoder block, float32": make_step(make_ours(early=False), examples, FLOAT32, last=False),
        **{
            f"MONAI {name}, {form}": make_step(make_monai(wide=name == "wide"), examples, precision, last=last)
            for name in ("narrow", "wide")
            for form, precision, last in (
                ("bfloat16, channels last", BFLOAT16, True),
                ("float32, channels last", FLOAT32, True),
                ("float32", FLOAT32, False),
            )
        },
    }
    return compare(f"training step, {len(examples)} volumes of 32^3", arms)


def compare_dice(examples: data.Examples) -> list[list[str | float]]:
    labels = examples.targets
    predicted = torch.where(torch.rand(labels.shape) < 0.9, labels, labels.roll(1, 1))
    metric = DiceMetric(include_background=True, reduction="none", num_classes=CLASSES)

    def theirs() -> Tensor:
        return metric(predicted[:, None], labels[:, None])  # class numbers: it makes the indicators itself

    ours = metrics.dice_scores(predicted, labels, CLASSES)
    torch.testing.assert_close(ours.float(), theirs().float(), rtol=0, atol=1e-6, equal_nan=True)
    indicators = losses.one_hot(predicted, CLASSES), losses.one_hot(labels, CLASSES)
    arms: dict[str, Step] = {
        "metrics.dice_scores": lambda: metrics.dice_scores(predicted, labels, CLASSES),
        "MONAI DiceMetric, class numbers": theirs,
        "MONAI DiceMetric, indicators at hand": lambda: metric(*indicators),
    }
    return compare(f"Dice of {len(labels)} volumes of 32^3", arms)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    few, many = (data.load_volumes("phantoms", volumes=volumes).train for volumes in (7, 40))
    few = few[:4]
    check_models(few)
    rows = compare_steps(few) + compare_dice(many)
    columns = ["what", "arm", "milliseconds", "times the first arm"]
    write_report("unet_step", "U-Net: a training step, and Dice", columns, rows, peers=(monai, torch))


if __name__ == "__main__":
    main()
