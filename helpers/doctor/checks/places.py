"""Whether a sample's place in the batch shows in its answer."""

from collections.abc import Iterator

import torch

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import CLOSE, answers, furthest, largest_inputs
from helpers.doctor.probing.trees import batch_length, rows, tensors

CLEAR = 10 * CLOSE  # rounding may differ from row to row


def check_place(program: Program) -> Iterator[Finding]:
    """Give the model one sample at every place of a batch: in eval mode all answers should be the same."""
    inputs = largest_inputs(program)
    length = batch_length(inputs)
    if length < 3 or any(tensor.dim() == 0 or len(tensor) != length for tensor in tensors(inputs)):
        return
    batch = rows(inputs, torch.zeros(length, dtype=torch.long))
    answer = answers(program, batch)
    if furthest(answer, answers(program, batch, seed=1)) > CLOSE:
        return  # it is random, and not the place
    if not answer or answer[0].dim() == 0 or len(answer[0]) != length or length in answer[0].shape[1:]:
        return
    first = answer[0]
    apart = (first - first[:1]).abs().reshape(length, -1).amax(1)
    if float(apart.max()) > CLEAR * max(float(first.abs().max()), 1e-12):
        place = int(apart.argmax())
        yield found(
            "place-in-batch-seen",
            f"one and the same sample gets answers that differ by {float(apart.max()):.2g} at places 0 and {place} of "
            f"a batch that holds nothing else; the largest answer is {float(first.abs().max()):.2g}",
        )
