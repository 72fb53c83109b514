"""What the recorder books of a loop, and that it takes its own replacements back."""

import math

import pytest
import torch
from torch import nn

from helpers.doctor.recording.patches import Patches
from helpers.doctor.recording.recorder import Recorder


def test_patches_come_off_in_turn():
    class Base:
        def name(self):
            return "base"

    class Child(Base):
        pass

    with Patches() as patches:
        patches.replace(Child, "name", lambda original: lambda self: f"child of {original(self)}")
        patches.replace(Child, "name", lambda original: lambda self: f"grand{original(self)}")
        assert Child().name() == "grandchild of base"
    assert "name" not in vars(Child)
    assert Child().name() == "base"


def test_the_recorder_books_what_a_step_used():
    model = nn.Linear(2, 1, bias=False)
    model.weight.data = torch.tensor([[1.0, 2.0]])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.tensor([[3.0, 4.0]])
    with Recorder(model, optimizer) as recorder:
        model(x).sum().backward()
        model(x).sum().backward()
        optimizer.step()
    step = recorder.seen.steps[0]
    assert step.passes == (0, 1)
    assert step.used == pytest.approx(10.0)  # twice the norm of (3, 4)
    assert step.due == pytest.approx(10.0)
    assert step.moved == pytest.approx(1.0)
    assert [one.size for one in recorder.seen.backwards] == pytest.approx([5.0, 5.0])
    assert recorder.seen.moved == {"weight": pytest.approx(1.0)}
    assert recorder.seen.backwards[0].loss == pytest.approx(11.0)
    assert math.isclose(step.cosine, 1.0)


def test_sparse_gradients_are_booked():
    model = nn.Embedding(5, 2, sparse=True)
    optimizer = torch.optim.SparseAdam(model.parameters(), lr=0.1)
    with Recorder(model, optimizer) as recorder:
        for _ in range(2):
            optimizer.zero_grad()
            model(torch.tensor([1, 1, 3])).sum().backward()
            optimizer.step()
    assert [step.stale for step in recorder.seen.steps] == [(), ()]
    assert recorder.seen.steps[0].used == pytest.approx(math.sqrt(2 * 4 + 2))


@pytest.mark.parametrize("inside", [False, True])
def test_a_closure_may_run_the_backward_pass_or_nothing(inside):
    model = nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.tensor([[3.0, 4.0]])

    def closure():
        if inside:
            model(x).sum().backward()

    with Recorder(model, optimizer) as recorder:
        for _ in range(2):
            if not inside:
                model(x).sum().backward()
            optimizer.step(closure)
    first, second = recorder.seen.steps
    assert (first.passes, first.stale) == ((0,), ())
    assert (second.passes, second.stale) == ((1,), (0,))
    assert second.used == pytest.approx(10.0)
    assert second.due == pytest.approx(5.0)
