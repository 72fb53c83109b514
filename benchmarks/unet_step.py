"""A training step of the U-Net chapter's model beside two of MONAI's networks, and Dice beside MONAI's metric.

All arms get the same volumes, and all networks have our number of parameters to five in a hundred. MONAI's
*BasicUNet* is of our family: two convolutions a block, eight channels at full resolution, in the encoder and in the
decoder. It halves the resolution four times where ours halves it twice. MONAI's *residual UNet* halves the resolution
in its first convolution, as ours does with `early=True`, and has only as many channels as classes at the finest level,
where ours has eight and a skip: it has less work there. Its *narrow* form has two convolutions a block and half our
channels at each resolution, its *wide* form our channels and one convolution a block.

Checked first: the logits have one shape, every model's loss falls, and the Dice values agree. Arms take turns, so that
a noisy moment hits all of them; a ratio is the median over the turns. One thread, and the time is the processor's own
for this process, so that others who use the machine do not count. bfloat16 takes part where the processor has it.

Run with ``python benchmarks/unet_step.py``, in about two minutes.
"""

import statistics
import time
from collections.abc import Callable

import monai
import torch
from monai.metrics import DiceMetric
from monai.networks.nets import BasicUNet
from monai.networks.nets import UNet as ResidualUNet
from report import write_report
from torch import Tensor, nn
from torch.nn import functional as F

from helpers import data, losses, metrics, models, runtime
from helpers.runtime.device import choose_precision

TURNS = 11
CLASSES = 4
FLOAT32 = runtime.Precision()
MIXED = choose_precision(torch.device("cpu"), mixed=True)  # float32 where bfloat16 would be slower
Step = Callable[[], None]
Form = tuple[runtime.Precision, bool]  # and whether the channels are last in memory
FORMS: dict[str, Form] = {"float32, channels last": (FLOAT32, True), "float32": (FLOAT32, False)}
if MIXED.dtype != FLOAT32.dtype:
    FORMS = {f"{MIXED.name}, channels last": (MIXED, True), **FORMS}


def make_ours(*, early: bool) -> nn.Module:
    torch.manual_seed(0)
    return models.UNet(4, CLASSES, widths=[8, 16, 32], early=early)


def make_basic() -> nn.Module:
    torch.manual_seed(0)
    relu = ("ReLU", {"inplace": True})
    return BasicUNet(3, 4, CLASSES, features=(8, 16, 12, 12, 8, 8), act=relu, norm="batch")


def make_residual(*, wide: bool) -> nn.Module:
    torch.manual_seed(0)
    channels, units = ([16, 32, 18], 1) if wide else ([8, 16, 35], 2)
    return ResidualUNet(3, 4, CLASSES, channels=channels, strides=[2, 2], num_res_units=units, norm="batch")


MODELS: dict[str, Callable[[], nn.Module]] = {
    "ours": lambda: make_ours(early=True),
    "ours with the finest encoder block": lambda: make_ours(early=False),
    "MONAI BasicUNet": make_basic,
    "MONAI UNet, residual, narrow": lambda: make_residual(wide=False),
    "MONAI UNet, residual, wide": lambda: make_residual(wide=True),
}


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def loss_fn(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits.float(), labels) + losses.dice(logits, labels, batch=True)


def make_step(model: nn.Module, examples: data.Examples, form: Form) -> Step:
    """One step on all the examples."""
    precision, last = form
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
    """Models of one size but for our extra block, logits of one shape, and all learn."""
    ours = parameters(MODELS["ours"]())
    for name, make in MODELS.items():
        model = make()
        allowed = 0.07 if "finest" in name else 0.05
        assert abs(parameters(model) / ours - 1) <= allowed, f"ours has {ours} parameters, {name} {parameters(model)}"
        assert model(examples.inputs).shape == (len(examples), CLASSES, *examples.inputs.shape[2:])
        before = loss_fn(model(examples.inputs), examples.targets).item()
        step = make_step(model, examples, FORMS["float32"])
        for _ in range(5):
            step()
        assert loss_fn(model(examples.inputs), examples.targets).item() < before, f"{name} does not learn"


def seconds(arm: Step) -> float:
    began = time.process_time()
    arm()
    return time.process_time() - began


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
    """Every model in every form; the first arm is ours in the chapter's form."""
    arms = {
        f"{name}, {form}": make_step(make(), examples, how)
        for name, make in MODELS.items()
        for form, how in FORMS.items()
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
