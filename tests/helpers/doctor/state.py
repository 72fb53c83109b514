"""All of a program that an examination has to put back, as copies, and the comparison of two of them."""

import copy
import random

import numpy as np
import torch


def networks(given):
    """The modules of a program that an examination could change."""
    return [part for part in (given["model"], given.get("target")) if part is not None]


def values(one_or_several):
    """An optimizer or scheduler, several by name, or none, as a list."""
    if isinstance(one_or_several, dict):
        return list(one_or_several.values())
    return [] if one_or_several is None else [one_or_several]


def kept_by(part):
    """A copy of what an optimizer or a scheduler keeps."""
    return copy.deepcopy(part.state_dict() if hasattr(part, "state_dict") else vars(part))


def hooks_of(part):
    """How many hooks of each kind a module, or an optimizer, has."""
    return {name: len(held or ()) for name, held in vars(part).items() if name.endswith("_hooks")}


def hooks_of_tensor(tensor):
    """How many hooks wait for the gradient of a parameter."""
    return len(tensor._backward_hooks or ()), len(tensor._post_accumulate_grad_hooks or ())


def state_of(given):
    """All that is to be put back, as copies."""
    parts = networks(given)
    modules = [module for part in parts for module in part.modules()]
    parameters = [one for part in parts for one in part.parameters()]
    optimizers, schedulers = values(given.get("optimizer")), values(given.get("scheduler"))
    return {
        "weights": [{name: value.clone() for name, value in part.state_dict().items()} for part in parts],
        "gradients": [None if one.grad is None else one.grad.clone() for one in parameters],
        "learning": [one.requires_grad for one in parameters],
        "modes": [module.training for module in modules],
        "hooks": [hooks_of(part) for part in [*modules, *optimizers]],
        "hooks of tensors": [hooks_of_tensor(one) for one in parameters],
        "optimizers": [kept_by(optimizer) for optimizer in optimizers],
        "schedulers": [kept_by(scheduler) for scheduler in schedulers],
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state()[1].tolist(),
        "python": random.getstate(),
    }


def bits(tensor):
    """The bytes of a tensor of any type, in one row."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)


def assert_same(before, after, where=""):
    """Compare two nested states; tensors must have the same bits, NaN included."""
    if isinstance(before, torch.Tensor):
        assert (before.dtype, before.shape) == (after.dtype, after.shape), where
        assert torch.equal(bits(before), bits(after)), f"{where} was changed"
    elif isinstance(before, dict):
        assert before.keys() == after.keys(), where
        for key in before:
            assert_same(before[key], after[key], f"{where}.{key}")
    elif isinstance(before, (list, tuple)):
        assert len(before) == len(after), where
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            assert_same(one, other, f"{where}[{number}]")
    else:
        assert before == after, where
