"""Models: shapes, parameter counts, and the perceptron's rule by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from helpers import models


def count_parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("model", "inputs", "outputs", "parameters"),
    [
        (models.LogisticRegression(3), (5, 3), (5,), 3 + 1),
        (models.LogisticRegression(1), (1, 1), (1,), 1 + 1),
        (models.SoftmaxRegression(64, 10), (5, 64), (5, 10), 64 * 10 + 10),
        (models.SoftmaxRegression(64, 10), (5, 1, 8, 8), (5, 10), 64 * 10 + 10),
        (models.MLP(4, [3, 2], 5), (7, 4), (7, 5), (4 * 3 + 3) + (3 * 2 + 2) + (2 * 5 + 5)),
        (models.MLP(4, [], 5), (7, 2, 2), (7, 5), 4 * 5 + 5),
    ],
)
def test_shapes_and_parameter_counts(model, inputs, outputs, parameters):
    assert model(torch.rand(inputs)).shape == outputs
    assert count_parameters(model) == parameters


def test_logistic_regression_is_one_weighted_sum():
    model = models.LogisticRegression(2)
    model.load_state_dict({"linear.weight": torch.tensor([[2.0, -1.0]]), "linear.bias": torch.tensor([0.5])})
    assert model(torch.tensor([[1.0, 3.0], [0.0, 0.0]])).tolist() == [-0.5, 0.5]


def test_an_mlp_has_relu_between_its_layers_and_none_after_the_last():
    model = models.MLP(2, [3], 2)
    inputs = torch.randn(50, 2)
    first, _, last = model.layers
    expected = functional.linear(
        functional.linear(inputs, first.weight, first.bias).clamp(min=0), last.weight, last.bias
    )
    torch.testing.assert_close(model(inputs), expected)
    assert (model(inputs) < 0).any()


def test_an_mlp_without_hidden_layers_is_a_softmax_regression():
    linear, mlp = models.SoftmaxRegression(6, 3), models.MLP(6, [], 3)
    mlp.layers[0].load_state_dict(linear.linear.state_dict())
    inputs = torch.rand(4, 6)
    assert torch.equal(linear(inputs), mlp(inputs))


def test_the_perceptron_s_rule_by_hand():
    perceptron = models.Perceptron(2)
    inputs, targets = torch.tensor([[1.0, 2.0], [3.0, 1.0]]), torch.tensor([1, 0])
    # First: score 0 is class 0, wrong, so add it: w = (1, 2), b = 1. Second: score 6 is class 1, wrong: subtract it.
    assert perceptron.fit_epoch(inputs, targets) == 2
    assert perceptron.weight.tolist() == [-2.0, 1.0]
    assert perceptron.bias.item() == 0.0
    assert perceptron.predict(inputs).tolist() == [0, 0]


def epochs_until_perfect(inputs, targets, limit):
    perceptron = models.Perceptron(inputs.shape[1])
    for epoch in range(1, limit + 1):
        if perceptron.fit_epoch(inputs, targets) == 0:
            assert torch.equal(perceptron.predict(inputs), targets)
            return epoch
    return None


@given(st.integers(0, 1000))
def test_the_perceptron_converges_on_separable_data(seed):
    inputs = torch.randn(30, 2, generator=torch.Generator().manual_seed(seed))
    score = inputs @ torch.tensor([1.0, -2.0]) + 0.3
    wide = score.abs() > 0.3  # a margin bounds the number of mistakes (Novikoff, 1962)
    assert epochs_until_perfect(inputs[wide], (score > 0).long()[wide], limit=500) is not None


def test_the_perceptron_never_ends_on_xor():
    inputs = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert epochs_until_perfect(inputs, torch.tensor([0, 1, 1, 0]), limit=200) is None
