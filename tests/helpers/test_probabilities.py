"""Probabilities where logits are expected bring a warning; logits of a model that knows nothing yet bring none."""

import pytest
import torch
from torch import nn

from helpers import losses, metrics, models, train

LABELS = torch.tensor([0, 1, 1, 0])
PROBABILITIES = torch.tensor([0.1, 0.9, 0.7, 0.3])
BY_CLASS = torch.stack([1 - PROBABILITIES, PROBABILITIES], dim=1)


@pytest.mark.parametrize(
    "metric", [metrics.accuracy, metrics.f1, metrics.precision, metrics.recall, metrics.calibration_error]
)
def test_probabilities_of_class_1_are_noticed(metric):
    with pytest.warns(
        UserWarning, match=r"between 0.1 and 0.9\. As logits.*class 1 .*, or torch\.logit\(probabilities\)"
    ):
        metric(PROBABILITIES, LABELS)


def test_probabilities_by_class_are_noticed_where_a_softmax_is_applied():
    with pytest.warns(UserWarning, match=r"a softmax of them is never sure.*, or probabilities\.log\(\)"):
        metrics.calibration_error(BY_CLASS, LABELS)


def test_probabilities_of_exactly_zero_and_one_are_noticed():
    with pytest.warns(UserWarning, match="between 0 and 1"):
        metrics.accuracy(torch.tensor([0.0, 1.0, 0.7, 0.3]), LABELS)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "predictions",
    [
        torch.logit(PROBABILITIES),
        BY_CLASS,  # the largest of each row is the same as that of the logits
        (PROBABILITIES > 0.5).long(),
        0.2 + 0.2 * PROBABILITIES,  # a start in which all logits are small and above 0
        0.6 + 0.3 * PROBABILITIES,
        torch.tensor([0.5, 0.5, 0.5, 0.5]),
        torch.tensor([-0.01, 0.9, 0.7, 0.3]),
        torch.tensor([0.1, 0.9, 1.01, 0.3]),
    ],
)
def test_no_false_alarm_from_what_a_metric_takes(predictions):
    metrics.accuracy(predictions, LABELS)


@pytest.mark.filterwarnings("error")
def test_rows_that_do_not_add_up_to_one_are_no_probabilities():
    metrics.calibration_error(0.9 * BY_CLASS, LABELS)


@pytest.mark.filterwarnings("error")
def test_untrained_models_of_many_seeds_bring_no_alarm():
    inputs = torch.randn(100, 20, generator=torch.Generator().manual_seed(0))
    labels = (inputs[:, 0] > 0).long()
    for seed in range(200):
        torch.manual_seed(seed)
        metrics.accuracy(train.predict(models.LogisticRegression(20), inputs), labels)


@pytest.mark.parametrize("layer", [nn.Softmax(dim=1), nn.Sigmoid()])
@pytest.mark.parametrize("loss", [losses.cross_entropy, losses.dice, losses.generalized_dice])
def test_a_loss_notices_the_layer_that_it_applies_itself(layer, loss):
    shape = (4,) if loss is losses.cross_entropy else (4, 2, 2)
    scores = torch.randn(4, 3, *shape[1:], requires_grad=True)
    labels = torch.tensor([0, 1, 2, 1]).view(4, *[1] * len(shape[1:])).expand(shape)
    with pytest.warns(UserWarning, match=f"comes out of a {type(layer).__name__.lower()}: .*drop the model's"):
        loss(layer(scores), labels)


@pytest.mark.filterwarnings("error")
def test_a_loss_takes_logits_of_any_value_without_a_warning():
    scores, labels = torch.rand(4, 3, requires_grad=True), torch.tensor([0, 1, 2, 1])
    losses.cross_entropy(nn.Linear(3, 3)(scores), labels)
    losses.cross_entropy(scores, labels)
    losses.cross_entropy(nn.Softmax(dim=1)(scores.detach()), labels)
