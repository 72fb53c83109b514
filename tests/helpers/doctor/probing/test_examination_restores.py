"""An examination puts everything back, answers odd inputs in a sentence, and takes every kind of batch."""

import json
import random

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from helpers.doctor import CAUSES, Finding, ProgramError, Report, examine
from helpers.doctor.causes import found, rank, without_symptoms
from helpers.doctor.checks.check import Check
from helpers.doctor.examine import report_on
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.state import restored
from tests.helpers.doctor.small import blobs, line, mlp, program


def bits(tensor):
    return tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def everything(model, optimizer, more=()):
    """All that a check could change, down to the bits."""
    state = [(name, bits(value), value.data_ptr()) for name, value in model.state_dict(keep_vars=True).items()]
    grads = [None if p.grad is None else (id(p.grad), bits(p.grad)) for p in model.parameters()]
    flags = [p.requires_grad for p in model.parameters()] + [module.training for module in model.modules()]
    hooks = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()]
    steps = [[(key, bits(torch.as_tensor(value))) for key, value in each.items()] for each in optimizer.state.values()]
    groups = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    chance = (torch.get_rng_state().numpy().tobytes(), random.getstate(), np.random.get_state()[1].tobytes())
    return state, grads, flags, hooks, steps, groups, chance, [repr(each) for each in more]


def havoc(given):
    """Change everything that can be changed."""
    model, (optimizer,) = given.model, given.optimizers
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    optimizer.zero_grad()
    optimizer.param_groups[0]["lr"] *= 7
    optimizer.state.clear()
    with torch.no_grad():
        for place, parameter in enumerate(model.parameters()):
            if place % 2:
                parameter.fill_(float("nan"))
            else:
                parameter.data = torch.zeros(3)
            parameter.requires_grad_(place % 3 == 0)
    model.eval()
    model.register_forward_hook(lambda *_: None)
    model.extra = torch.ones(2)
    given.step.__closure__[0].cell_contents.append(5)
    torch.rand(3), random.random(), np.random.rand()


def disturbed(widths, kind, steps):
    """A program in the middle of its training, whose step keeps a list."""
    layers = [nn.Linear(inside, outside) for inside, outside in zip([3, *widths], [*widths, 1], strict=True)]
    model = nn.Sequential(*layers, nn.BatchNorm1d(1))
    optimizer = kind(model.parameters(), lr=0.01)
    kept = [1, {"two": torch.ones(2)}]
    data = torch.randn(8, 3), torch.randn(8, 1)

    def step(model, batch):
        kept[0] += 1
        return nn.functional.mse_loss(model(batch[0]), batch[1])

    for _ in range(steps):
        optimizer.zero_grad()
        step(model, data).backward()
        optimizer.step()
    return Program(model, None, [data], optimizer, step=step), kept


KINDS = [torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop, torch.optim.AdamW]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(1, 7), max_size=3), st.sampled_from(KINDS), st.integers(0, 2), st.booleans())
def test_everything_is_put_back(widths, kind, steps, interrupted):
    tried, kept = disturbed(widths, kind, steps)
    before = everything(tried.model, tried.optimizers[0], kept)
    try:
        with restored(tried, data=True):
            havoc(tried)
            if interrupted:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert interrupted
    assert everything(tried.model, tried.optimizers[0], kept) == before
    assert not hasattr(tried.model, "extra")


def test_an_examination_changes_nothing_and_interrupts_cleanly():
    x, y = blobs()
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
    optimizer = torch.optim.Adam(model.parameters())
    batches = list(zip(x.split(16), y.split(16), strict=True))
    before = everything(model, optimizer)
    examine(model, nn.CrossEntropyLoss(), batches, optimizer, valid=batches[:2])
    assert everything(model, optimizer) == before

    calls = []

    def interrupted(output, target):
        calls.append(1)
        if len(calls) > 40:
            raise KeyboardInterrupt
        return nn.functional.cross_entropy(output, target)

    with pytest.raises(KeyboardInterrupt):
        examine(model, interrupted, batches, optimizer)
    assert everything(model, optimizer) == before
    assert torch.equal(torch.cat([part for part, _ in batches]), x)


class Kinds(nn.Module):
    """Takes its inputs in several forms."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 1)

    def forward(self, rows, more=None):
        return self.layer(rows if more is None else rows + more)


@pytest.mark.parametrize("kind", ["pair", "tuple", "mapping", "list", "loader"])
def test_kinds_of_batches(kind):
    x, y = line()
    parts = zip(x.split(16), y.split(16), strict=True)
    batches = {
        "pair": lambda: list(parts),
        "tuple": lambda: [((a, 0 * a), b) for a, b in parts],
        "mapping": lambda: [({"rows": a, "more": 0 * a}, b) for a, b in parts],
        "list": lambda: [[[a, 0 * a], b] for a, b in parts],
        "loader": lambda: DataLoader(TensorDataset(x, y), 16, shuffle=True),
    }[kind]()
    model = Kinds()
    report = examine(model, nn.MSELoss(), batches, torch.optim.Adam(model.parameters(), lr=0.01))
    assert [finding for finding in report if finding.grade != "note"] == []
    assert not [sentence for sentence in report.left_out if "stopped" in sentence]


ODD = {
    "no module": (lambda x, _: x, nn.MSELoss(), line, "torch.nn.Module"),
    "no batches": (mlp(4, 1), nn.MSELoss(), lambda: [], "at least one batch"),
    "a loss for each sample": (mlp(4, 1), nn.MSELoss(reduction="none"), line, "expected one number as the loss"),
    "shapes that do not fit": (mlp(5, 1), nn.MSELoss(), line, "cannot be computed"),
    "no loss": (mlp(4, 1), None, line, "expected a loss"),
    "words": (mlp(4, 1), nn.MSELoss(), lambda: [("a", "b")], "batches of tensors"),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_inputs_are_answered_in_a_sentence(case):
    model, loss_fn, data, sentence = ODD[case]
    batches = data()
    batches = [batches] if isinstance(batches, tuple) else batches
    with pytest.raises(ProgramError, match=sentence):
        examine(model, loss_fn, batches)


def test_a_generator_that_is_used_up_is_told():
    used = iter([line()])
    next(used)
    with pytest.raises(ProgramError, match="used up"):
        examine(mlp(4, 1), nn.MSELoss(), used)


def test_a_model_without_parameters_is_told():
    report = examine(nn.Flatten(), nn.MSELoss(), [line()] * 2 and [(torch.randn(8, 1), torch.randn(8, 1))])
    assert any("no parameters" in sentence for sentence in report.left_out)


def test_what_is_expected_is_silent_and_must_be_known():
    x, y = blobs()
    order = y.argsort()
    given = {"model": mlp(), "loss_fn": nn.CrossEntropyLoss()}
    batches = list(zip(x[order].split(16), y[order].split(16), strict=True))
    optimizer = torch.optim.Adam(given["model"].parameters())
    assert [each.cause for each in examine(**given, batches=batches, optimizer=optimizer)] == ["sorted-by-class"]
    assert not list(examine(**given, batches=batches, optimizer=optimizer, expected=["sorted-by-class"]))
    with pytest.raises(ProgramError, match="names nonsense"):
        examine(**given, batches=batches, expected=["nonsense"])


def test_a_check_that_breaks_is_left_out_and_undone():
    def breaks(tried):
        nn.init.zeros_(tried.model[0].weight)
        raise OSError("no disk")
        yield

    tried = program(mlp(), nn.CrossEntropyLoss(), blobs())
    weight = tried.model[0].weight.detach().clone()
    report = report_on(tried, [Check("a check", breaks), Check("another", breaks, ("valid",))])
    assert report.left_out == ["a check: stopped by OSError: no disk", "another: needs the argument valid"]
    assert torch.equal(tried.model[0].weight, weight)


def test_a_cause_hides_its_symptoms():
    symptom, cause = found("future-leaks", "a"), found("mask-inverted", "b")
    assert without_symptoms([symptom, cause, cause]) == [cause]
    assert without_symptoms([symptom]) == [symptom]


def test_every_cause_is_complete_and_hides_known_ones():
    for cause in CAUSES.values():
        assert cause.why
        assert cause.mend
        assert cause.id not in cause.hides
        assert CAUSES.keys() >= set(cause.hides)


def test_report_is_sorted_and_escaped():
    note = Finding("answers-random", "note", "<b>", "w", "m", "c.html")
    fault = found("batch-mixed", "1 < 2")
    report = Report.of([note, fault], ["left", "left"], rank)
    assert [finding.grade for finding in report] == ["fault", "note"]
    assert report.left_out == ["left"]
    assert "<b>" not in report._repr_html_()
    assert json.loads(report.to_json())["findings"][0]["cause"] == "batch-mixed"
    assert "batch-mixed" in str(report)
    assert not report.healthy
    with pytest.raises(ValueError, match="grade"):
        Finding("a", "bad", "s", "w", "m", "c")
