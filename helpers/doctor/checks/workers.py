"""Workers that load the data: each is a copy of the program, and may draw the same random numbers as the other."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.collected import training_set
from helpers.doctor.probing.program import Program

TIMES = 16  # so often each worker is asked for the same sample
LUCK = 1e-4  # two rows of independent draws are equal less often than this
PATIENCE = 10  # seconds to wait for a worker
Draws = list[str]


def check_workers(program: Program) -> Iterator[Finding]:
    """Ask two workers for one sample again and again, in two epochs: what is drawn for it should not come twice."""
    loader = program.batches
    if not isinstance(loader, DataLoader) or not loader.num_workers:
        return
    if isinstance(loader.dataset, IterableDataset):
        yield from _read_by_each(program, loader.num_workers)
        return
    epochs = _two_epochs(loader)
    one, other = epochs[0][0], epochs[0][-1]
    if _luck(one) > LUCK:
        return  # hardly anything is drawn
    again = epochs[0] == epochs[1]
    asked = f"asked {TIMES} times for the same sample, which came in {len(set(one))} forms,"
    if len(epochs[0]) > 1 and one == other:
        repeated = ", and so did both in a second epoch" if again else ""
        yield found("workers-draw-alike", f"{asked} two workers gave the same ones in the same order{repeated}")
    elif again and not _counts_epochs(loader.dataset):
        yield found("augmentation-repeats", f"{asked} a worker gave the same ones in the same order in two epochs")


def _read_by_each(program: Program, workers: int) -> Iterator[Finding]:
    """Count how often each sample of a stream comes in an epoch: once for each worker is once too often."""
    inputs = training_set(program).inputs
    if workers < 2 or inputs is None or len(inputs) < 8 * workers:
        return
    times = Counter(_bytes(row) for row in inputs)
    often = sum(count >= workers for count in times.values())
    if often > 0.9 * len(times) > 4:
        yield found(
            "workers-read-the-same",
            f"{often} of {len(times)} different samples of the stream came {workers} times or more in one epoch, which "
            "is the number of workers",
        )


def _luck(draws: Draws) -> float:
    """How often a second row of independent draws would be equal to this one."""
    shares = [count / len(draws) for count in Counter(draws).values()]
    return float(sum(share**2 for share in shares) ** len(draws))


def _counts_epochs(dataset: Any) -> bool:
    """True for a data set that is told the number of the epoch, which is not done here."""
    return any("epoch" in name for name in dir(dataset))


def _two_epochs(loader: "DataLoader[Any]") -> tuple[list[Draws], list[Draws]]:
    """Return what each of at most two workers gives in each of two epochs, all of them ended afterwards."""
    workers = min(2, loader.num_workers)
    probe: DataLoader[Any] = DataLoader(
        loader.dataset,
        sampler=[0] * (TIMES * workers),
        batch_size=TIMES,  # a batch is loaded by one worker, and the batches go round
        num_workers=workers,
        collate_fn=_Told(loader.collate_fn),
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
        persistent_workers=loader.persistent_workers,
        generator=torch.Generator().manual_seed(1),
        timeout=PATIENCE,
    )
    return _epoch(probe, last=False), _epoch(probe, last=True)


def _epoch(probe: "DataLoader[Any]", *, last: bool) -> list[Draws]:
    running = iter(probe)
    told: dict[int, Draws] = {}
    try:
        told = dict(running)
    finally:
        if last or len(told) < probe.num_workers or not probe.persistent_workers:
            running._shutdown_workers()  # type: ignore[attr-defined]
    return [told[worker] for worker in sorted(told)]


class _Told:
    """Says, inside a worker, which worker it is and what its samples hold."""

    def __init__(self, collate: Any) -> None:
        self.collate = collate

    def __call__(self, samples: list[Any]) -> tuple[int, Draws]:
        """Return the worker's number and a digest of each sample, as a batch of one where that can be made."""
        info = get_worker_info()
        return (0 if info is None else info.id), [
            hashlib.sha256(_bytes(self._batch(one))).hexdigest() for one in samples
        ]

    def _batch(self, sample: Any) -> Any:
        try:
            return self.collate([sample])
        except Exception:  # whatever the reader's function says to a single sample
            return sample


def _bytes(tree: Any) -> bytes:
    """Return the content of tensors, arrays, images, numbers and words in nested containers."""
    if isinstance(tree, Tensor):
        return tree.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    if isinstance(tree, Mapping):
        return b"".join(map(_bytes, tree.values()))
    if isinstance(tree, (tuple, list)):
        return b"".join(map(_bytes, tree))
    if isinstance(tree, (int, float, str, bytes, np.generic)):
        return repr(tree).encode()
    content = getattr(tree, "tobytes", None)  # of an array or an image
    return bytes(content()) if callable(content) else b""
