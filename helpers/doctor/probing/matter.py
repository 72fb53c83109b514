"""How much of what a step teaches comes from the targets of the batch."""

from typing import Any

import torch
from torch import Tensor

from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.program import Program, loss_of, split
from helpers.doctor.probing.trees import cloned, mapped

LITTLE = 0.25  # of the gradient


def labels_matter(program: Program) -> bool:
    """True where a step's gradient changes by more than a little when its samples swap their targets.

    A student that is taught by another model may add a term of the labels, and learns without them too.
    """
    if program.step is None:
        return True
    batch = program.sample[0]
    targets = split(batch)[1]
    if not isinstance(batch, (tuple, list)) or targets is None:
        return True
    swapped = mapped(lambda tensor: tensor.roll(1, 0) if tensor.dim() else tensor, targets)
    first, other = _gradient(program, batch), _gradient(program, (*batch[:-1], swapped))
    return float((first - other).norm()) > LITTLE * float(first.norm())


def _gradient(program: Program, batch: Any) -> Tensor:
    learning = [parameter for parameter in program.model.parameters() if parameter.requires_grad]
    with attributes_of(program.model):
        grads = torch.autograd.grad(loss_of(program, cloned(batch)), learning, allow_unused=True)
    return torch.cat([torch.zeros(1), *(grad.detach().reshape(-1).cpu() for grad in grads if grad is not None)])
