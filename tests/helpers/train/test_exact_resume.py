"""A run that was stopped goes on as if it had not been: with early stopping, and with float16's scaled gradients."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from helpers import data, train
from helpers.runtime import Precision


def make_training(lr):
    torch.manual_seed(0)
    inputs = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
    examples = data.Examples(inputs, (inputs.sum(1) > 0).long())
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2))
    batches = data.Batches(examples, 16, generator=torch.Generator().manual_seed(1))
    opposite = data.Examples(inputs, 1 - examples.targets)  # what is learned makes the validation loss rise
    return model, batches, torch.optim.SGD(model.parameters(), lr=lr), opposite


def until_stale(training, path, *, patience, start=0, save_after=None):
    """Train until the validation loss has not improved for some epochs; return (number, stale, best) of each."""
    model, batches, optimizer, valid = training
    seen = []
    for epoch in train.epochs(model, batches, cross_entropy, optimizer, epochs=30, start=start, valid=valid):
        seen.append((epoch.number, epoch.stale, epoch.best))
        if epoch.number == save_after:
            train.save_checkpoint(path, model, optimizer, epoch=epoch, generator=batches.generator)
            break
        if epoch.stale >= patience:
            break
    return seen


def test_early_stopping_counts_on_after_a_resume(tmp_path):
    path, patience, lr = tmp_path / "c.pt", 4, 0.1
    whole = until_stale(make_training(lr), path, patience=patience)
    assert 4 < len(whole) < 30, "the case must stop early, and not at once"
    assert whole[-3][1] > 0, "it must be stopped among the stale epochs"
    stopped = len(whole) - 2  # in the middle of the stale epochs
    first = until_stale(make_training(lr), path, patience=patience, save_after=stopped)
    model, batches, optimizer, valid = make_training(lr)
    saved = train.load_checkpoint(path, model, optimizer, generator=batches.generator)
    rest = until_stale((model, batches, optimizer, valid), path, patience=patience, start=saved)
    assert first + rest == whole


@pytest.mark.parametrize("kept", [True, False])
def test_the_scale_of_float16_s_gradients_goes_on_after_a_resume(tmp_path, kept):
    """The control, a start by number alone, shows that the scale matters in this case."""

    def large(logits, targets):
        return 10 * cross_entropy(logits, targets)  # overflows at the first scale, which must come down

    def run(training, until, start=0):
        model, batches, optimizer, _ = training
        precision = Precision("cpu", torch.float16)
        return train.fit(model, batches, large, optimizer, epochs=until, start=start, precision=precision)

    whole = make_training(0.01)
    run(whole, 6)
    model, batches, optimizer, _ = first = make_training(0.01)
    last = run(first, 3)[-1]
    assert last.scaler["scale"] < 2**16, "the case must have brought the scale down"
    train.save_checkpoint(tmp_path / "c.pt", model, optimizer, epoch=last, generator=batches.generator)
    second = make_training(0.01)
    saved = train.load_checkpoint(tmp_path / "c.pt", second[0], second[2], generator=second[1].generator)
    run(second, 6, start=saved if kept else saved.epoch)
    assert torch.equal(second[0][0].weight, whole[0][0].weight) is kept
