"""Training in one call: the epochs of the loop, a schedule by steps, validation sets of every kind."""

import inspect

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from helpers import data, train
from helpers.runtime import Precision


def examples(count=50):
    inputs = torch.randn(count, 6, generator=torch.Generator().manual_seed(0))
    return data.Examples(inputs, (inputs.sum(1) > 0).long())


def make_training(*, lr=0.1):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 2))
    batches = data.Batches(examples(), 16, generator=torch.Generator().manual_seed(1))  # 16, 16, 16, 2
    return model, batches, cross_entropy, torch.optim.SGD(model.parameters(), lr=lr)


def compared(history):
    return [(epoch.number, epoch.total, epoch.loss, epoch.valid_loss, epoch.metrics, epoch.stale) for epoch in history]


def share_of_ones(logits, _targets):
    return float(logits.argmax(1).float().mean())


def test_fit_returns_the_epochs_of_the_loop():
    options = {"epochs": 4, "start": 1, "valid": examples(30), "metrics": {"ones": share_of_ones}}
    history = train.fit(*make_training(), **options)
    assert compared(history) == compared(train.epochs(*make_training(), **options))
    assert [epoch.number for epoch in history] == [2, 3, 4]


def test_fit_takes_what_epochs_takes():
    theirs, ours = (inspect.signature(function).parameters for function in (train.epochs, train.fit))
    assert dict(ours) == dict(theirs)


def test_the_scheduler_steps_after_each_step_of_the_optimizer():
    model, batches, loss_fn, optimizer = make_training(lr=1.0)
    rates = []
    optimizer.register_step_pre_hook(lambda *_: rates.append(optimizer.param_groups[0]["lr"]))
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    train.fit(model, batches, loss_fn, optimizer, epochs=2, scheduler=scheduler)
    assert rates == [0.5**step for step in range(8)]


@pytest.mark.filterwarnings("error")
def test_a_step_that_overflows_in_float16_does_not_count_for_the_scheduler():
    model, batches, loss_fn, optimizer = make_training(lr=1e-3)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)
    taken = []
    optimizer.register_step_post_hook(lambda *_: taken.append(1))

    def large(logits, targets):
        return 10 * loss_fn(logits, targets)  # times the first scale of 65,536: more than float16 holds

    train.fit(
        model, batches, large, optimizer, epochs=3, precision=Precision("cpu", torch.float16), scheduler=scheduler
    )
    assert 0 < len(taken) < 12, "some steps of the case must overflow, and some must not"
    assert scheduler.last_epoch == len(taken)


@pytest.mark.parametrize(
    "kind",
    [
        lambda valid: DataLoader(TensorDataset(valid.inputs, valid.targets), batch_size=7),
        lambda valid: data.Batches(valid, 7, shuffle=False),
        lambda valid: [(valid.inputs[:20], valid.targets[:20]), (valid.inputs[20:], valid.targets[20:])],
    ],
    ids=["DataLoader", "Batches", "list"],
)
def test_batches_of_any_kind_validate_like_the_examples_themselves(kind):
    valid, options = examples(30), {"epochs": 3, "metrics": {"ones": share_of_ones}}
    expected = train.fit(*make_training(), valid=valid, **options)
    history = train.fit(*make_training(), valid=kind(valid), **options)
    for epoch, wanted in zip(history, expected, strict=True):
        assert epoch.valid_loss == pytest.approx(wanted.valid_loss)  # uneven batches weigh by their examples
        assert epoch.metrics == wanted.metrics


def test_a_validation_generator_is_used_up_after_an_epoch_and_the_error_says_so():
    valid = iter([(examples().inputs, examples().targets)])
    with pytest.raises(ValueError, match="a generator can be passed over only once"):
        train.fit(*make_training(), epochs=2, valid=valid)
