"""Trains a small network on digits: alone, or in all the processes that torchrun starts, on one machine or on many.

``torchrun --standalone --nproc-per-node 2 --max-restarts 3 -m apps.scaling.train_ddp --out runs/digits``

With ``--dataset cifar10`` or ``photo-patches`` it trains the residual network of the chapter on CNNs by the chapter's
recipe. After each epoch it saves a checkpoint, and the same command goes on from there; torchrun does so by itself
when a process dies. Set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 for torchrun: otherwise a restart reads the addresses of
the processes that are gone, and waits for them.
On digits the result is the same as without the interruption, and up to rounding that of one process. Photographs are
shifted and mirrored at random: there each process draws for its own share of a batch, with other numbers after an
interruption, and its batch normalization averages over this share.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from helpers import data, metrics, models, runtime, train
from helpers.data.transforms import crop_and_flip
from helpers.runtime.device import choose_precision

LOSS = nn.CrossEntropyLoss(label_smoothing=0.1)
MEASURES = {"accuracy": metrics.accuracy}


def main(arguments: Sequence[str]) -> None:
    """Join the other processes, if there are any, and train with them."""
    options = new_parser().parse_args(arguments)
    torch.set_num_threads(1)
    device = join(options.device)
    try:
        train_digits(options, device)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def new_parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=["digits", "photo-patches", "cifar10"], default="digits")
    parser.add_argument("--out", type=Path, default=Path("runs/digits"), help="a folder that all machines see")
    parser.add_argument("--epochs", type=at_least_1, default=20)
    parser.add_argument("--batch-size", type=at_least_1, default=64, help="examples in a step, of all processes")
    parser.add_argument("--lr", type=float, default=0.1, help="the highest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--width", type=at_least_1, default=16, help="channels of the residual network's first stage")
    parser.add_argument("--stages", type=at_least_1, default=2, help="its stages")
    parser.add_argument("--stem", type=at_least_1, default=4, help="the stride of its first convolution")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="auto: GPUs if there are any")
    return parser


def at_least_1(text: str) -> int:
    """Read a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, but is {text!r}")
    return int(text)


def join(wanted: str) -> torch.device:
    """Join the group if torchrun has started this process; return the device that is this process's own."""
    backend, device = "gloo", torch.device("cpu")
    if wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available()):
        local = int(os.environ.get("LOCAL_RANK", 0))  # the number of this process on its machine
        if local >= torch.cuda.device_count():
            sys.exit(f"Each process needs a GPU of its own, and this machine has {torch.cuda.device_count()}.")
        backend, device = "nccl", torch.device("cuda", local)
        torch.cuda.set_device(device)
    if "RANK" in os.environ:
        dist.init_process_group(backend)
    return device


def train_digits(options: argparse.Namespace, device: torch.device) -> None:
    """Train to the last epoch, from the last checkpoint if there is one; save one after each epoch."""
    splits = standardize(data.load(options.dataset, seed=options.seed))
    model = new_model(options, splits, device)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=options.lr, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
    )
    # The same seed in every process: all draw the same order, and each takes its share of every batch.
    order = torch.Generator().manual_seed(options.seed)
    batches = data.Batches(splits.train.to(device), options.batch_size, generator=order)
    steps = options.epochs * len(batches)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.lr, total_steps=steps + 1)

    file, done = options.out / "last.ckpt", train.Checkpoint(0)
    if file.exists():
        done = train.load_checkpoint(file, model, optimizer, generator=order, scheduler=schedule)
        check_same(options, done, file)
    precision = choose_precision(device, mixed=options.dataset != "digits")
    for epoch in train.epochs(
        model, changed(batches, options, done.epoch), LOSS, optimizer, epochs=options.epochs, start=done,
        valid=splits.valid, metrics=MEASURES, scheduler=schedule, precision=precision,
    ):  # fmt: skip
        train.save_checkpoint(  # rank 0 writes
            file, model, optimizer, epoch=epoch, generator=order, scheduler=schedule, options=as_text(options)
        )
        say(str(epoch))
    found = train.evaluate(model, splits.test, LOSS, metrics=MEASURES)
    say(f"test accuracy {found['accuracy']:.3f}")
    say(f"world size {runtime.world_size()}, on {device.type}; the last checkpoint is {file}")


def standardize(splits: data.Splits) -> data.Splits:
    """Give each channel the mean 0 and the standard deviation 1, as measured on the training images (N, C, H, W)."""
    images = splits.train.inputs
    mean, std = (measure(dim=(0, 2, 3), keepdim=True) for measure in (images.mean, images.std))
    return splits.map(lambda inputs: (inputs - mean) / std)


def new_model(options: argparse.Namespace, splits: data.Splits, device: torch.device) -> nn.Module:
    """Return a model on the device; among several processes, one that averages their gradients."""
    torch.manual_seed(options.seed)
    image, classes = splits.train.inputs[0], len(splits.classes)
    model: nn.Module
    if options.dataset == "digits":
        model = models.MLP(image.numel(), (64,), classes)
    else:
        shape = {"width": options.width, "stages": options.stages, "stem": options.stem}
        model = models.ResNet(len(image), classes, **shape)
    model.to(device)
    model.to(memory_format=torch.channels_last)
    return DistributedDataParallel(model) if dist.is_initialized() else model


def changed(batches: data.Batches, options: argparse.Namespace, done: int) -> data.Batches | data.Augmented:
    """Shift and mirror photographs at random, with other numbers in each process and after each interruption."""
    if options.dataset == "digits":
        return batches  # a mirrored digit is another one
    draw = torch.Generator().manual_seed(options.seed + 1000 * done + runtime.rank())
    return data.Augmented(batches, partial(crop_and_flip, generator=draw))


def check_same(options: argparse.Namespace, saved: train.Checkpoint, file: Path) -> None:
    """Refuse to go on from a training with other options: its schedule would end elsewhere."""
    for name, value in saved.extra.get("options", {}).items():
        if value != as_text(options)[name]:
            sys.exit(f"{file} is of a training with {name} {value}, not {as_text(options)[name]}. Name another --out.")


def as_text(options: argparse.Namespace) -> dict[str, str]:
    """Return what decides the result, in words that a checkpoint can hold."""
    return {name: str(value) for name, value in vars(options).items() if name not in {"out", "device"}}


def say(sentence: str) -> None:
    """Print once, in the process with rank 0."""
    if runtime.rank() == 0:
        print(sentence, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
