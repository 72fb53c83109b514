"""How a loss was put together from its parts: read off the graph that torch has kept."""

import math
from typing import Any

from torch import Tensor


def added_up(loss: Tensor | None) -> int:
    """Return how many numbers the last operation of a loss adds up without dividing by their number; 0 for a mean."""
    return 0 if loss is None else _added_up(loss.grad_fn)


def _added_up(node: Any) -> int:
    name = type(node).__name__
    if name.startswith(("AddBackward", "NegBackward")):
        return max((_added_up(follower) for follower, _ in node.next_functions), default=0)
    try:
        if name.startswith("SumBackward"):
            return math.prod(node._saved_self_sym_sizes)
        if getattr(node, "_saved_reduction", None) == 2:  # torch's number for reduction="sum"
            return len(node._saved_self)
    except (AttributeError, RuntimeError, TypeError):  # not kept, or freed already
        return 0
    return 0
