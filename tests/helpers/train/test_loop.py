"""The training loop: the same steps as a bare loop, honest numbers, clear ends."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss
from torch.utils.data import DataLoader, TensorDataset

from helpers import data, models, train
from helpers.runtime import Precision


@pytest.fixture
def examples():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(50, 6, generator=generator)
    return data.Examples(inputs, (inputs.sum(1) > 0).long())


def make_training(examples, *, lr=0.1, dropout=0.0):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    batches = data.Batches(examples, 16, generator=torch.Generator().manual_seed(1))  # 16, 16, 16, 2
    return model, batches, optimizer


def test_the_weights_are_those_of_a_bare_loop_bit_for_bit(examples):
    ours, batches, optimizer = make_training(examples)
    for _ in train.epochs(ours, batches, cross_entropy, optimizer, epochs=3, valid=examples):
        pass
    bare, batches, optimizer = make_training(examples)
    for _ in range(3):
        for inputs, labels in batches:
            optimizer.zero_grad()
            cross_entropy(bare(inputs), labels).backward()
            optimizer.step()
    for name, weight in bare.state_dict().items():
        assert torch.equal(weight, ours.state_dict()[name]), name


def test_an_epoch_s_loss_is_the_mean_over_examples_and_not_over_batches():
    inputs = torch.tensor([[1.0], [1.0], [1.0], [4.0]])
    batches = [(inputs[:3], torch.zeros(3, 1)), (inputs[3:], torch.zeros(1, 1))]
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-30)  # stands still
    (epoch,) = train.epochs(model, batches, mse_loss, optimizer, epochs=1)
    assert epoch.loss == pytest.approx((3 * 1 + 1 * 16) / 4)


def test_what_an_epoch_says():
    epoch = train.Epoch(3, 8, 0.1214, 0.148, {"accuracy": 0.9629}, 1.23, 0)
    assert str(epoch) == "epoch 3/8  loss 0.121  valid 0.148  accuracy 0.963  1.2 s"
    assert epoch.losses == {"train": 0.1214, "valid": 0.148}
    assert str(train.Epoch(1, 1, 0.5)) == "epoch 1/1  loss 0.500  0.0 s"
    assert train.Epoch(1, 1, 0.5).losses == {"train": 0.5}


def test_epochs_are_numbered_and_resumed(examples):
    model, batches, optimizer = make_training(examples)
    run = train.epochs(model, batches, cross_entropy, optimizer, epochs=5, start=2)
    assert [(epoch.number, epoch.total) for epoch in run] == [(3, 5), (4, 5), (5, 5)]


def test_stale_counts_the_epochs_since_the_best_validation_loss(examples):
    model, batches, optimizer = make_training(examples, lr=3.0)  # jumps about
    history = list(train.epochs(model, batches, cross_entropy, optimizer, epochs=12, valid=examples))
    for epoch in history:
        so_far = [past.valid_loss for past in history[: epoch.number]]
        assert epoch.stale == epoch.number - 1 - so_far.index(min(so_far))
    assert any(epoch.stale > 0 for epoch in history), "the case must hold a stale epoch"


def test_early_stopping_is_a_break(examples):
    model, batches, optimizer = make_training(examples)
    for epoch in train.epochs(model, batches, cross_entropy, optimizer, epochs=100):
        before = {name: weight.clone() for name, weight in model.state_dict().items()}
        if epoch.number == 2:
            break
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


def test_validation_uses_evaluation_mode_and_training_goes_back_to_training_mode(examples):
    model, batches, optimizer = make_training(examples, dropout=0.5)
    for epoch in train.epochs(model, batches, cross_entropy, optimizer, epochs=2, valid=examples):
        assert epoch.valid_loss == train.evaluate(model, examples, cross_entropy)["loss"]  # no dropout: repeatable
        assert model.training


def test_a_model_that_arrives_in_evaluation_mode_is_trained_in_training_mode(examples):
    weights = []
    for arrives_training in (True, False):
        model, batches, optimizer = make_training(examples, dropout=0.5)
        model.train(arrives_training)
        torch.manual_seed(5)  # of the dropout
        list(train.epochs(model, batches, cross_entropy, optimizer, epochs=2))
        weights.append(model[0].weight)
    assert torch.equal(*weights)
    still, batches, optimizer = make_training(examples, dropout=0.0)
    list(train.epochs(still, batches, cross_entropy, optimizer, epochs=2))
    assert not torch.equal(weights[0], still[0].weight), "the dropout of the case must matter"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_ends_training_and_names_the_step(examples, value):
    examples.inputs[20] = value
    model, _, optimizer = make_training(examples)
    batches = data.Batches(examples, 16, shuffle=False)  # example 20 is in the second of four batches
    with pytest.raises(
        train.TrainingError, match=r"the loss became (nan|inf) in epoch 1, step 2 of 4\. Likely causes: a learning rate"
    ):
        list(train.epochs(model, batches, cross_entropy, optimizer, epochs=3))


def test_a_learning_rate_that_explodes_is_found(examples):
    model, batches, optimizer = make_training(examples, lr=1e30)
    with pytest.raises(train.TrainingError, match="learning rate"):
        list(train.epochs(model, batches, cross_entropy, optimizer, epochs=5))


def test_no_batch_is_an_error_and_not_a_mean_of_nothing(examples):
    model, _, optimizer = make_training(examples)
    with pytest.raises(train.TrainingError, match="epoch 1 had no batch"):
        list(train.epochs(model, [], cross_entropy, optimizer, epochs=1))


def test_an_iterator_that_is_used_up_is_noticed_in_the_second_epoch(examples):
    model, batches, optimizer = make_training(examples)
    with pytest.raises(train.TrainingError, match="epoch 2 had no batch"):
        list(train.epochs(model, iter(batches), cross_entropy, optimizer, epochs=2))


def test_a_dataloader_serves_as_batches(examples):
    model, _, optimizer = make_training(examples)
    loader = DataLoader(TensorDataset(examples.inputs, examples.targets), batch_size=10)
    history = list(train.epochs(model, loader, cross_entropy, optimizer, epochs=8))
    assert history[-1].loss < history[0].loss


def test_low_precision_trains(examples):
    model, batches, optimizer = make_training(examples)
    precision = Precision("cpu", torch.bfloat16)
    seen = []
    model[0].register_forward_hook(lambda _module, _inputs, output: seen.append(output.dtype))
    history = list(train.epochs(model, batches, cross_entropy, optimizer, epochs=8, precision=precision))
    assert set(seen) == {torch.bfloat16}
    assert history[-1].loss < history[0].loss
    assert model[0].weight.dtype == torch.float32


def test_no_graph_is_kept_from_step_to_step(examples):
    model, batches, optimizer = make_training(examples)
    (epoch,) = train.epochs(model, batches, cross_entropy, optimizer, epochs=1)
    assert isinstance(epoch.loss, float)


def test_evaluate_counts_every_example_once(examples):
    model, _, _ = make_training(examples)
    with torch.no_grad():
        expected = cross_entropy(model(examples.inputs), examples.targets).item()
    seen = []

    def count(logits, targets):
        seen.append((len(logits), len(targets)))
        return 1.0

    result = train.evaluate(model, examples, cross_entropy, metrics={"count": count})
    assert result == {"loss": pytest.approx(expected), "count": 1.0}
    assert seen == [(50, 50)]


def share_right(logits, targets):
    return (logits.argmax(dim=1) == targets).double().mean().item()


def test_each_epoch_has_the_scores_of_its_own_weights_and_its_seconds(examples):
    model, batches, optimizer = make_training(examples)
    scores = {"share": share_right}
    for epoch in train.epochs(model, batches, cross_entropy, optimizer, epochs=2, valid=examples, metrics=scores):
        expected = train.evaluate(model, examples, cross_entropy, metrics=scores)
        assert epoch.valid_loss == expected["loss"]
        assert epoch.metrics == {"share": expected["share"]}
        assert 0 < epoch.seconds < 600


def test_an_equal_loss_is_no_better_one(examples):
    model, batches, optimizer = make_training(examples, lr=0.0)  # the weights stay, and so does the loss
    history = train.fit(model, batches, cross_entropy, optimizer, epochs=3, valid=examples)
    assert [epoch.stale for epoch in history] == [0, 1, 2]


def test_validation_has_the_precision_of_training(examples):
    model, batches, optimizer = make_training(examples)
    seen = []

    def note(module, _inputs, output):
        if not module.training:
            seen.append(output.dtype)

    model[0].register_forward_hook(note)
    precision = Precision("cpu", torch.bfloat16)
    train.fit(model, batches, cross_entropy, optimizer, epochs=1, valid=examples, precision=precision)
    assert set(seen) == {torch.bfloat16}


@pytest.mark.parametrize("in_batches", [False, True])
def test_evaluate_takes_its_precision(examples, in_batches):
    model, batches, _ = make_training(examples)
    seen = []
    model[0].register_forward_hook(lambda _module, _inputs, output: seen.append(output.dtype))
    given = batches if in_batches else examples
    train.evaluate(model, given, cross_entropy, precision=Precision("cpu", torch.bfloat16))
    assert set(seen) == {torch.bfloat16}
    seen.clear()
    train.evaluate(model, given, cross_entropy)
    assert set(seen) == {torch.float32}


@pytest.mark.parametrize(("valid_batch_size", "calls"), [(50, 1), (20, 3)])
def test_fit_bounds_the_batches_of_its_validation(examples, valid_batch_size, calls):
    model, batches, optimizer = make_training(examples)
    lengths = []

    def note(module, inputs, _output):
        if not module.training:
            lengths.append(len(inputs[0]))

    model[0].register_forward_hook(note)
    train.fit(model, batches, cross_entropy, optimizer, epochs=1, valid=examples, valid_batch_size=valid_batch_size)
    assert len(lengths) == calls


@pytest.mark.parametrize("batch_size", [1, 7, 50, 1000])
def test_predict_does_not_depend_on_its_batch_size(examples, batch_size):
    model, _, _ = make_training(examples, dropout=0.5)
    model.train()
    logits = train.predict(model, examples.inputs, batch_size=batch_size)
    torch.testing.assert_close(logits, train.predict(model, examples.inputs))
    assert logits.dtype == torch.float32
    assert not logits.requires_grad
    assert model.training, "the model's mode is restored"


def test_the_validation_scores_do_not_depend_on_the_batch_size(examples):
    seen = []

    class Noted(models.MLP):
        def forward(self, inputs):
            seen.append(len(inputs))
            return super().forward(inputs)

    results = []
    for size in (3, 1024):
        torch.manual_seed(0)
        model = Noted(6, [4], 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        batches = data.Batches(examples, 1000, shuffle=False)
        (epoch,) = train.epochs(
            model, batches, cross_entropy, optimizer, epochs=1, valid=examples, valid_batch_size=size
        )
        results.append(epoch.valid_loss)
        assert max(seen[1:]) == min(size, len(examples))
        seen.clear()
    assert results[0] == pytest.approx(results[1])


def test_predictions_may_enter_a_later_graph(examples):
    model, _, _ = make_training(examples)
    logits = train.predict(model, examples.inputs)
    temperature = torch.ones((), requires_grad=True)
    cross_entropy(logits * temperature, examples.targets).backward()  # an inference tensor would refuse
    assert temperature.grad is not None


def test_predict_restores_the_mode_after_an_error(examples):
    model = models.MLP(7, [4], 2)  # expects 7 features, gets 6
    model.train()
    with pytest.raises(RuntimeError):
        train.predict(model, examples.inputs)
    assert model.training


def test_nothing_to_predict_is_an_error(examples):
    model, _, _ = make_training(examples)
    with pytest.raises(ValueError, match="at least one input"):
        train.predict(model, examples.inputs[:0])
