"""Tensors inside tuples, lists, dicts and dataclasses: found, copied, and cut along the batch."""

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor


def tensors(tree: Any) -> Iterator[Tensor]:
    """Yield every tensor in nested tuples, lists, mappings and dataclasses, in order."""
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from tensors(value)
    elif isinstance(tree, (tuple, list)):
        for value in tree:
            yield from tensors(value)
    elif dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        for field in dataclasses.fields(tree):
            yield from tensors(getattr(tree, field.name))


def floats(tree: Any) -> list[Tensor]:
    """Return the floating-point tensors of a tree, in order."""
    return [tensor for tensor in tensors(tree) if tensor.is_floating_point()]


def mapped(change: Callable[[Tensor], Any], tree: Any) -> Any:
    """Return the tree with every tensor changed; what is no tensor stays."""
    if isinstance(tree, Tensor):
        return change(tree)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(mapped(change, value) for value in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)(mapped(change, value) for value in tree)
    if isinstance(tree, Mapping):
        same = {key: mapped(change, value) for key, value in tree.items()}
        return same if type(tree) is dict else _like(tree, same)
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        other = copy.copy(tree)
        for field in dataclasses.fields(tree):
            object.__setattr__(other, field.name, mapped(change, getattr(tree, field.name)))  # also of a frozen one
        return other
    return tree


def _like(tree: Mapping[Any, Any], same: dict[Any, Any]) -> Any:
    """Return a mapping of the tree's own type, or a plain dict where that type cannot be made from one."""
    try:
        return type(tree)(same)  # type: ignore[call-arg]
    except TypeError:
        return same


def cloned(tree: Any) -> Any:
    """Return a copy that shares no memory with the tree, outside any graph; leaves keep their requires_grad."""
    return mapped(lambda tensor: tensor.detach().clone().requires_grad_(tensor.requires_grad), tree)


def batch_length(tree: Any) -> int:
    """Return the length of the first tensor that has a first axis, 0 where there is none."""
    return next((len(tensor) for tensor in tensors(tree) if tensor.dim()), 0)


def rows(tree: Any, index: Tensor | slice) -> Any:
    """Return these samples of a batch: every tensor as long as the batch is indexed along its first axis."""
    length = batch_length(tree)
    return mapped(lambda tensor: tensor[index] if tensor.dim() and len(tensor) == length else tensor, tree)


def first_float(tree: Any) -> Tensor | None:
    """Return the first floating-point tensor, or None."""
    return next((tensor for tensor in tensors(tree) if tensor.is_floating_point()), None)


def joined(trees: list[Any]) -> Any:
    """Join batches along their first axis, part by part."""
    first = trees[0]
    if isinstance(first, Tensor):
        return torch.cat(trees) if first.dim() else first
    if isinstance(first, (tuple, list)):
        return type(first)(joined([tree[place] for tree in trees]) for place in range(len(first)))
    if isinstance(first, Mapping):
        return {key: joined([tree[key] for tree in trees]) for key in first}
    return first
