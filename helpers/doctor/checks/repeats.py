"""Batches that are one and the same over a whole epoch."""

from collections.abc import Iterator

from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.collected import training_set
from helpers.doctor.probing.program import Program

FEW = 4  # batches


def check_repeats(program: Program) -> Iterator[Finding]:
    """Compare all batches of an epoch with the first one."""
    data, given = training_set(program), program.batches
    if isinstance(given, (list, tuple)) and all(batch is given[0] for batch in given):
        return  # written down so, to train on one batch
    if data.inputs is None or len(data.sizes) < FEW or len(set(data.sizes)) > 1 or min(data.sizes) < 2:
        return
    batches = data.inputs.reshape(len(data.sizes), data.sizes[0], -1)
    if _same(batches) and not _same(batches[0]):
        yield found(
            "samples-repeat",
            f"all {len(batches)} batches of an epoch hold the same {len(batches[0])} samples",
            "suspicion",
        )


def _same(parts: Tensor) -> bool:
    return bool((parts == parts[:1]).all())
