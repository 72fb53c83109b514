"""What a reader may hand in by mistake: the answer says what was expected, what came, and what to do."""

import pytest
import torch
from torch import nn

from helpers import doctor
from tests.helpers.doctor.small import line


def given(**changed):
    """A right program, and what of it is changed."""
    model, (inputs, targets) = nn.Linear(4, 1), line()
    batches = list(zip(inputs.split(16), targets.split(16), strict=True))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    return {"model": model, "loss_fn": nn.MSELoss(), "batches": batches, "optimizer": optimizer, **changed}


class Samples(torch.utils.data.Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, place):
        return torch.randn(4), torch.randn(1)


MISTAKES = [
    ({"model": nn.Linear}, r"expected a torch\.nn\.Module as model, got the class Linear; call it with its arguments"),
    ({"loss_fn": nn.MSELoss}, r"expected a function \(output, target\) -> loss as loss_fn, got the class MSELoss"),
    ({"step": 3}, r"expected a function \(model, batch\) -> loss as step, got int"),
    ({"evaluate": 0.9}, r"expected a function \(model, batches\) -> number as evaluate, got float"),
    ({"optimizer": torch.optim.SGD}, r"expected a torch\.optim\.Optimizer or a dict of them, got the class SGD"),
    ({"optimizer": {"both": nn.Linear(1, 1)}}, r"expected a torch\.optim\.Optimizer or a dict of them, got Linear"),
    ({"batches": 3}, "expected a DataLoader or a list of batches as batches, got int"),
    ({"batches": "data.csv"}, "expected a DataLoader or a list of batches as batches, got str"),
    ({"batches": {"train": []}}, "expected a DataLoader or a list of batches as batches, got dict"),
    ({"valid": Samples()}, r"as valid, got the data set Samples, .*; write DataLoader\(dataset, batch_size=32\)"),
    ({"batches": torch.utils.data.DataLoader([])}, "expected at least one batch, got none"),
    ({"batches": [("a", "b")]}, "expected batches of tensors, .* got none; convert arrays with torch.as_tensor"),
    ({"loss_fn": nn.MSELoss(reduction="none")}, r"expected one number as the loss, got a tensor of shape \(16, 1\)"),
    ({"loss_fn": lambda output, _: output.sum().item()}, "got float, which has no gradient; return the tensor itself"),
    ({"loss_fn": None}, "expected a loss: give loss_fn"),
    ({"frozen": "weight"}, r'expected a list of names as frozen, got a text; write frozen=\["weight"\]'),
    ({"expected": "nothing-moves"}, r'got a text; write expected=\["nothing-moves"\]'),
    ({"expected": ["gradient-cutoff"]}, "names gradient-cutoff, which is no cause; did you mean 'gradient-cut-off'"),
]


@pytest.mark.parametrize(("changed", "sentence"), MISTAKES)
def test_a_mistake_is_answered_in_a_sentence(changed, sentence):
    for ask in (doctor.examine, doctor.assert_healthy):
        with pytest.raises(doctor.ProgramError, match=sentence):
            ask(**given(**changed))


def test_missing_and_unknown_arguments_are_answered_in_a_sentence():
    expected = r"expected doctor\.examine\(model, loss_fn, batches, \.\.\.\), got other arguments: "
    missing = "missing a required argument: 'model'; help"
    odd = "got an unexpected keyword argument 'schedular'; did you mean 'scheduler'"
    for ask in (doctor.examine, doctor.assert_healthy):
        with pytest.raises(doctor.ProgramError, match=expected + missing):
            ask()
        with pytest.raises(doctor.ProgramError, match=expected + odd):
            ask(**given(), schedular=None)
    for ask in (doctor.watch, doctor.examine_lightning, doctor.examine_trainer):
        with pytest.raises(doctor.ProgramError, match=rf"expected doctor\.{ask.__name__}\(.* missing a required"):
            ask()


def test_what_only_looks_odd_is_taken():
    class Wrapped:
        def __init__(self, optimizer):
            self.optimizer, self.param_groups = optimizer, optimizer.param_groups

        def __getattr__(self, name):
            return getattr(self.optimizer, name)

    class Endless(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(given()["batches"])

    program = given()
    assert doctor.examine(**{**program, "optimizer": Wrapped(program["optimizer"])}).healthy
    assert doctor.examine(**given(batches=Endless())).healthy
    assert doctor.examine(**given(batches=tuple(given()["batches"]))).healthy
