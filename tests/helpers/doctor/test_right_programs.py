"""Right programs: no fault is named, and all that an examination touched is as it was, bit by bit."""

import copy
import random

import numpy as np
import pytest
import torch

from helpers.doctor import examine
from tests.helpers.doctor.programs import RIGHT

MAY_BE_SUSPECTED = 0.05  # share of the right programs that a suspicion may fall on


@pytest.fixture(scope="module")
def reports():
    """What was found so far, by the name of the program."""
    return {}


def networks(given):
    """The modules of a program that an examination could change."""
    return [part for part in (given["model"], given.get("target")) if part is not None]


def optimizers(given):
    found = given["optimizer"]
    return list(found.values()) if isinstance(found, dict) else [found]


def state_of(given):
    """All that is to be put back, as copies."""
    parts = networks(given)
    return {
        "weights": [{name: value.clone() for name, value in part.state_dict().items()} for part in parts],
        "gradients": [None if one.grad is None else one.grad.clone() for part in parts for one in part.parameters()],
        "learning": [one.requires_grad for part in parts for one in part.parameters()],
        "modes": [module.training for part in parts for module in part.modules()],
        "hooks": [len(module._forward_hooks) + len(module._forward_pre_hooks) for p in parts for module in p.modules()],
        "optimizers": [copy.deepcopy(optimizer.state_dict()) for optimizer in optimizers(given)],
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state()[1].tolist(),
        "python": random.getstate(),
    }


def assert_same(before, after, where=""):
    """Compare two nested states; tensors must have the same bits, NaN included."""
    if isinstance(before, torch.Tensor):
        same = before.dtype == after.dtype and before.numpy(force=True).tobytes() == after.numpy(force=True).tobytes()
        assert same, f"{where} was changed"
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


@pytest.mark.parametrize("program", RIGHT, ids=lambda program: program.name)
def test_right_program_has_no_fault_and_is_put_back(program, reports):
    given = program.make()
    before = state_of(given)
    report = examine(**given)
    assert_same(before, state_of(given))
    reports[program.name] = report
    assert report.healthy, str(report)


def test_few_right_programs_are_suspected(reports):
    suspected = {
        name: [finding.cause for finding in report if finding.grade == "suspicion"]
        for name, report in reports.items()
        if any(finding.grade == "suspicion" for finding in report)
    }
    assert len(suspected) <= MAY_BE_SUSPECTED * len(RIGHT), suspected
