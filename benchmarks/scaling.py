"""What do two processes bring, and what do they cost? One process beside two, loaders with workers, and bytes.

*Samples a second.* torchrun starts two processes with one thread each, which talk by gloo. Each has a batch of its
own, so that ideally two do twice the samples of one in the same time. One network computes much for each byte of its
gradient, the other little. Two processes that do not talk show how much of the ideal the machine itself leaves: both
cores are busy then, and share memory and clock. Before anything is timed, the gradients of two processes must be those
of one with both batches.

*Batches.* ``data.Batches`` beside torch's DataLoader with 0, 1 and 2 workers, which are started before the clock is.
With a training step behind each batch, workers load while the network computes, if a core is free for them.

*Bytes.* Parameters, gradients and AdamW's averages in one process, added up from the tensors that are there: all of
them under DistributedDataParallel, a part of them under ``fully_shard``.

The arms of a table take turns, so that a noisy moment hits all of them; a ratio is the median over the turns of the
quotient in one turn, with the middle half of the turns beside it. On Linux, the tables also say how busy other programs
kept the machine meanwhile, since two processes suffer from them where one finds a free core.

Run with ``python benchmarks/scaling.py``, in about three minutes, on two cores that have nothing else to do.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
import torchvision
from report import write_report
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

from helpers import data, models
from helpers.data.transforms import crop_and_flip

TURNS, LIMIT = 15, 1200  # turns of each arm; seconds for the two processes
ONE, QUIET = "1 process", "2 processes that do not talk"
DDP, FSDP = "2 processes, DistributedDataParallel", "2 processes, fully_shard"
STAT = Path("/proc/stat")  # what the cores did since the machine was started
Row = list[str | float]


@dataclass(frozen=True)
class Case:
    name: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]  # of the batch of one process
    steps: int  # in one turn


CASES = [
    Case("ConvNet at 32x32, batch 64 each", partial(models.ConvNet, 3, size=32), (64, 3, 32, 32), steps=8),
    Case("784-2048-2048-10, batch 4 each", partial(models.MLP, 784, (2048, 2048), 10), (4, 784), steps=12),
]


# --- samples a second: these functions run in both processes -----------------------------------------------------


def make_batch(case: Case, rank: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(rank)
    return torch.randn(case.shape, generator=generator), torch.randint(10, case.shape[:1], generator=generator)


def make_model(case: Case, arm: str) -> nn.Module:
    """Build the network from the same weights in every arm and process."""
    torch.manual_seed(0)
    model = case.build()
    if arm == DDP:
        return DistributedDataParallel(model)
    if arm == FSDP:
        mesh = init_device_mesh("cpu", (dist.get_world_size(),))
        for layer in model.modules():
            if list(layer.parameters(recurse=False)):  # it has weights of its own
                fully_shard(layer, mesh=mesh)
        fully_shard(model, mesh=mesh)
    return model


def gradient(model: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    """Return the whole gradient as one vector, collected from all processes where it is divided."""
    model.zero_grad()
    cross_entropy(model(inputs), labels).backward()
    found = [parameter.grad for parameter in model.parameters()]
    return torch.cat([(part.full_tensor() if isinstance(part, DTensor) else part).flatten() for part in found])


def check(case: Case) -> None:
    """Assert that two processes find the gradient of both batches: otherwise the times compare nothing."""
    both = zip(make_batch(case, 0), make_batch(case, 1), strict=True)
    expected = gradient(make_model(case, ONE), *(torch.cat(parts) for parts in both))
    for arm in (DDP, FSDP):
        found = gradient(make_model(case, arm), *make_batch(case, dist.get_rank()))
        error = float((found - expected).norm() / expected.norm())
        assert error < 1e-4, f"{case.name}, {arm}: the gradient is {error:.1e} away"


def make_step(case: Case, arm: str) -> Callable[[], None]:
    model, (inputs, labels) = make_model(case, arm), make_batch(case, dist.get_rank())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step() -> None:
        optimizer.zero_grad()
        cross_entropy(model(inputs), labels).backward()
        optimizer.step()

    return step


def seconds_together(step: Callable[[], None], steps: int, *, alone: bool) -> float:
    """Time so many steps, from when both processes are ready until both have done; or those of process 0 alone."""
    dist.barrier()
    began = time.perf_counter()
    if not alone or dist.get_rank() == 0:
        for _ in range(steps):
            step()
    dist.barrier()
    return time.perf_counter() - began


def compare_processes(case: Case) -> list[Row]:
    check(case)
    steps = {arm: make_step(case, arm) for arm in (ONE, QUIET, DDP, FSDP)}
    for arm, step in steps.items():
        seconds_together(step, 3, alone=arm == ONE)  # warm up
    rates: dict[str, list[float]] = {arm: [] for arm in steps}
    for _ in range(TURNS):
        for arm, step in steps.items():
            samples = case.steps * case.shape[0] * (1 if arm == ONE else 2)
            rates[arm].append(samples / seconds_together(step, case.steps, alone=arm == ONE))
    name = f"{case.name} ({operations_per_byte(case):,.0f} operations for each byte of gradient)"
    return [[name, arm, statistics.median(found), *times(found, rates[ONE])] for arm, found in rates.items()]


def operations_per_byte(case: Case) -> float:
    model = case.build()
    inputs, labels = make_batch(case, 0)
    with FlopCounterMode(display=False) as counter:
        cross_entropy(model(inputs), labels).backward()
    return counter.get_total_flops() / sum(parameter.nbytes for parameter in model.parameters())


def times(these: list[float], those: list[float]) -> tuple[float, str]:
    """Return the median of the quotients, turn by turn, and the range of the middle half."""
    low, middle, high = statistics.quantiles([a / b for a, b in zip(these, those, strict=True)], n=4)
    return middle, f"{low:.3g} to {high:.3g}"


# --- bytes: in both processes, too -------------------------------------------------------------------------------


def local_bytes(tensors: Iterable[Tensor]) -> int:
    return sum((tensor.to_local() if isinstance(tensor, DTensor) else tensor).nbytes for tensor in tensors)


def bytes_in_one_process(case: Case, arm: str) -> dict[str, int]:
    """Train one step, and count; return the larger count of the two processes."""
    model = make_model(case, arm)
    optimizer = torch.optim.AdamW(model.parameters())
    inputs, labels = make_batch(case, dist.get_rank())
    cross_entropy(model(inputs), labels).backward()
    optimizer.step()
    parameters = list(model.parameters())
    found = {
        "parameters": local_bytes(parameters),
        "gradients": local_bytes(parameter.grad for parameter in parameters),
        "AdamW's averages": local_bytes(t for state in optimizer.state.values() for t in state.values()),
    }
    counts = torch.tensor(list(found.values()))
    dist.all_reduce(counts, op=dist.ReduceOp.MAX)
    return dict(zip(found, counts.tolist(), strict=True))


def compare_bytes(case: Case) -> list[Row]:
    whole, divided = bytes_in_one_process(case, DDP), bytes_in_one_process(case, FSDP)
    name = case.name.partition(",")[0]
    return [[name, part, whole[part], divided[part], divided[part] / whole[part]] for part in whole]


def measure_in_two(out: Path) -> None:
    """What each of the two processes runs; the first one writes what was found."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    found = {
        "speed": [row for case in CASES for row in compare_processes(case)],
        "bytes": [row for case in CASES for row in compare_bytes(case)],
    }
    if dist.get_rank() == 0:
        out.write_text(json.dumps(found), encoding="utf-8")
    dist.destroy_process_group()


def in_two_processes() -> dict[str, list[Row]]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
        command += ["--nproc-per-node=2", __file__, str(out)]
        subprocess.run(command, check=True, timeout=LIMIT)
        return json.loads(out.read_text(encoding="utf-8"))


# --- batches, in this process ------------------------------------------------------------------------------------

OURS, BATCH, LOADER_TURNS = "data.Batches", 64, 9
Loader = Iterable[tuple[Tensor, Tensor]]


class Pictures(Dataset):
    """As tutorials have it: one example after the other, each through a transform."""

    def __init__(self, examples: data.Examples, change: Callable[[Tensor], Tensor] | None) -> None:
        self.examples, self.change = examples, change

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image = self.examples.inputs[index]
        return image if self.change is None else self.change(image), self.examples.targets[index]


def make_loaders(examples: data.Examples, *, changed: bool) -> dict[str, Loader]:
    ours: Loader = data.Batches(examples, BATCH, generator=torch.Generator().manual_seed(0))
    one_by_one = None
    if changed:
        ours = data.Augmented(ours, partial(crop_and_flip, generator=torch.Generator().manual_seed(0)))
        crop = transforms.RandomCrop(32, padding=4, padding_mode="reflect")
        one_by_one = transforms.Compose([crop, transforms.RandomHorizontalFlip()])
    loaders = {OURS: ours}
    for workers in (0, 1, 2):
        name = f"DataLoader, {workers} worker" + "s" * (workers != 1)
        loaders[name] = DataLoader(
            Pictures(examples, one_by_one), BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0
        )
    return loaders


def check_loader(examples: data.Examples, loader: Loader) -> None:
    """Each example once. It is the first pass, too, in which workers are started."""
    targets = torch.cat([targets for _, targets in loader])
    assert torch.equal(targets.sort().values, examples.targets.sort().values)
    assert not torch.equal(targets, examples.targets)


def seconds_of_pass(loader: Loader, step: Callable[[Tensor, Tensor], None] | None) -> float:
    began = time.perf_counter()
    for inputs, labels in loader:
        if step is not None:
            step(inputs, labels)
    return time.perf_counter() - began


def training_step() -> Callable[[Tensor, Tensor], None]:
    torch.manual_seed(0)
    model = models.ConvNet(3, size=32)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step(inputs: Tensor, labels: Tensor) -> None:
        optimizer.zero_grad()
        cross_entropy(model(inputs), labels).backward()
        optimizer.step()

    return step


def compare_loaders(name: str, *, changed: bool, trained: bool) -> Iterator[Row]:
    examples = data.load("photo-patches", seed=0).train
    loaders = make_loaders(examples, changed=changed)
    for loader in loaders.values():
        check_loader(examples, loader)
    rates: dict[str, list[float]] = {arm: [] for arm in loaders}
    for _ in range(LOADER_TURNS):
        for arm, loader in loaders.items():
            rates[arm].append(len(examples) / seconds_of_pass(loader, training_step() if trained else None))
    for arm, found in rates.items():
        yield [name, arm, statistics.median(found), *times(found, rates[OURS])]


# --- and what else the machine did -------------------------------------------------------------------------------


def seconds_of_others() -> float:
    """Return how long the machine's cores have worked for other programs than this one and its children."""
    user, nice, system, _idle, _waiting, *interrupts = map(int, STAT.read_text(encoding="utf-8").split()[1:8])
    ours = os.times()[:4]  # of this process, and of its children that have ended
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK") - sum(ours)


def main() -> None:
    if len(sys.argv) > 1:
        measure_in_two(Path(sys.argv[1]))
        return
    torch.set_num_threads(1)
    began, before = time.perf_counter(), seconds_of_others() if STAT.exists() else 0.0
    found = in_two_processes()
    loaders = [*compare_loaders("images as they are", changed=False, trained=False)]
    loaders += compare_loaders("cropped and flipped", changed=True, trained=False)
    loaders += compare_loaders("cropped and flipped, with a training step each", changed=True, trained=True)
    note = ""
    if STAT.exists():
        others = (seconds_of_others() - before) / (time.perf_counter() - began)
        note = f"other programs busy on {max(others, 0.0):.1f} of {os.cpu_count()} cores"
    columns = ["model", "processes", "samples a second", "times 1 process (ideal: 2)", "middle half"]
    write_report("scaling", "Two processes on two cores, which are both busy then", columns, found["speed"], note=note)
    columns = ["model", "what", "bytes in a process, DDP", "bytes in a process, fully_shard", "fully_shard / DDP"]
    write_report("scaling_bytes", "What each of two processes holds", columns, found["bytes"])
    columns = ["color images 32x32, batches of 64", "batches from", "images a second", f"times {OURS}", "middle half"]
    write_report("scaling_loaders", "Batches from workers", columns, loaders, peers=(torch, torchvision), note=note)


if __name__ == "__main__":
    main()
