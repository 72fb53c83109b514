"""What a model keeps between two calls beside its weights, such as a hidden state."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def attributes_of(model: nn.Module, keep: bool = True) -> Iterator[None]:
    """Put back the plain attributes of every module, such as a hidden state, after a call."""
    held = {module: dict(vars(module)) for module in model.modules()} if keep else {}
    try:
        yield
    finally:
        for module, attributes in held.items():
            vars(module).clear()
            vars(module).update(attributes)
