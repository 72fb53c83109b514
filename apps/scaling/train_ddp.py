"""Trains a small network on digits: alone, or in all the processes that torchrun starts, on one machine or on many.

``torchrun --standalone --nproc-per-node 2 --max-restarts 3 -m apps.scaling.train_ddp --out runs/digits``

With ``--dataset cifar10`` or ``photo-patches`` it trains the residual network of the chapter on CNNs. After each
epoch it saves a checkpoint, and the same command goes on from there; torchrun does so by itself when a process dies.
Set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 for torchrun: otherwise a restart reads the addresses of the processes that
are gone, and waits for them.
The result is the same as without the interruption, and up to rounding that of one process; where there is batch
normalization, each process averages over its own share of a batch.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

from helpers import data, metrics, models, runtime, train


def main(arguments: Sequence[str]) -> None:
    """Join the other processes, if there are any, and train with them."""
    options = parse(arguments)
    torch.set_num_threads(1)
    device = join()
    try:
        train_digits(options, device)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=["digits", "photo-patches", "cifar10"], default="digits")
    parser.add_argument("--out", type=Path, default=Path("runs/digits"), help="a folder that all machines see")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=64, help="examples in a step, of all processes together")
    parser.add_argument("--lr", type=float, default=0.1, help="the learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--width", type=int, default=16, help="channels of the residual network's first stage")
    parser.add_argument("--stages", type=int, default=2, help="its stages")
    parser.add_argument("--stem", type=int, default=4, help="the stride of its first convolution")
    return parser.parse_args(arguments)


def join() -> torch.device:
    """Join the group if torchrun has started this process; return the device that is this process's own."""
    backend, device = "gloo", torch.device("cpu")
    if torch.cuda.is_available():
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
    splits = data.load(options.dataset, seed=options.seed)
    model = new_model(options, splits, device)
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr, momentum=0.9)
    # The same seed in every process: all draw the same order, and each takes its share of every batch.
    order = torch.Generator().manual_seed(options.seed)
    batches = data.Batches(splits.train.to(device), options.batch_size, generator=order)

    file = options.out / "last.ckpt"
    done = train.load_checkpoint(file, model, optimizer, generator=order) if file.exists() else 0
    measure = {"accuracy": metrics.accuracy}
    valid = splits.valid
    for epoch in train.epochs(
        model, batches, cross_entropy, optimizer, epochs=options.epochs, start=done, valid=valid, metrics=measure
    ):
        train.save_checkpoint(file, model, optimizer, epoch=epoch, generator=order)  # rank 0 writes
        if runtime.rank() == 0:
            print(epoch, flush=True)
    if runtime.rank() == 0:
        print(f"world size {runtime.world_size()}, on {device.type}; the last checkpoint is {file}")


def new_model(options: argparse.Namespace, splits: data.Splits, device: torch.device) -> nn.Module:
    """Return a model on the device; among several processes, one that averages their gradients."""
    torch.manual_seed(options.seed)
    image, classes = splits.train.inputs[0], len(splits.classes)
    model: nn.Module = models.MLP(image.numel(), (64,), classes)
    if options.dataset != "digits":
        shape = {"width": options.width, "stages": options.stages, "stem": options.stem}
        model = models.ResNet(len(image), classes, **shape)
    model.to(device)
    return DistributedDataParallel(model) if dist.is_initialized() else model


if __name__ == "__main__":
    main(sys.argv[1:])
