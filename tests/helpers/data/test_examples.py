import pytest
import torch
from torch.utils.data import DataLoader

from helpers.data import Examples

SIX = Examples(torch.arange(12.0).view(6, 2), torch.arange(6))


def test_rows_stay_together():
    assert len(SIX) == 6
    part = SIX[1:4]
    assert isinstance(part, Examples)
    assert part.inputs.tolist() == [[2, 3], [4, 5], [6, 7]]
    assert part.targets.tolist() == [1, 2, 3]
    picked = SIX[torch.tensor([5, 0])]
    assert (picked.inputs.tolist(), picked.targets.tolist()) == ([[10, 11], [0, 1]], [5, 0])
    assert SIX[SIX.targets > 3].targets.tolist() == [4, 5]
    assert len(SIX[:0]) == 0


def test_one_row_is_a_pair_as_a_data_loader_wants():
    inputs, target = SIX[2]
    assert (inputs.tolist(), int(target)) == ([4, 5], 2)
    batches = [targets.tolist() for _, targets in DataLoader(SIX, batch_size=4)]
    assert batches == [[0, 1, 2, 3], [4, 5]]


def test_moving_keeps_what_is_there_already():
    assert SIX.to("cpu").inputs is SIX.inputs
    assert SIX.to(torch.device("meta")).targets.device.type == "meta"


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (torch.zeros(3, 2), torch.zeros(2), r"3 inputs of shape \(3, 2\) and 2 targets of shape \(2,\)"),
        (torch.zeros(()), torch.zeros(1), r"inputs have shape \(\)"),
        (torch.zeros(2), torch.zeros(2, device="meta"), "came cpu and meta"),
    ],
)
def test_what_does_not_belong_together_is_refused(inputs, targets, message):
    with pytest.raises(ValueError, match=message):
        Examples(inputs, targets)


def test_examples_cannot_be_changed():
    with pytest.raises(AttributeError):
        SIX.inputs = torch.zeros(6)
