"""Parameters that the model, or the optimizer, does not know of."""

from collections.abc import Iterator

from torch import Tensor, nn

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.program import Program, loss_of


def check_registration(program: Program) -> Iterator[Finding]:
    """Compare the weights that the loss depends on with those that the model and the optimizer hold."""
    first, again = (list(leaves(loss_of(program, program.sample[0]))) for _ in range(2))
    registered = {id(parameter) for parameter in program.model.parameters()}
    strange = [leaf for leaf in first if id(leaf) not in registered]
    fresh = [leaf for leaf in strange if id(leaf) not in {id(leaf) for leaf in again}]
    if fresh:
        count = sum(leaf.numel() for leaf in fresh)
        yield found("layer-made-in-forward", f"{count} weights of one forward pass are gone in the next")


def leaves(loss: Tensor) -> Iterator[nn.Parameter | Tensor]:
    """Yield each tensor at which the graph of the loss ends and a gradient would be left."""
    todo, seen = [loss.grad_fn], set()
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            yield node.variable
        todo += [follower for follower, _ in node.next_functions]
