"""The model that the service reads digits with."""

import numpy as np
import pytest
import torch

from apps.digits.service.model import Model, softmax
from apps.digits.train import train_digits
from helpers import train


def test_softmax_agrees_with_torch():
    logits = np.array([[1000.0, 0.0, -1000.0], [0.1, 0.2, 0.3]], dtype=np.float32)
    assert np.allclose(softmax(logits), torch.tensor(logits).softmax(1).numpy(), atol=1e-7)


def test_the_folder_holds_the_accuracy_it_claims(model_folder, digits):
    model = Model(model_folder)
    best = model.probabilities(digits.test.inputs[:, 0].numpy()).argmax(axis=1)
    assert (best == digits.test.targets.numpy()).mean() == pytest.approx(model.card.metrics["test accuracy"], abs=0.003)


def test_training_repeats():
    first, splits = train_digits(epochs=1)
    second, _ = train_digits(epochs=1)
    images = splits.test.inputs[:8]
    assert torch.equal(train.predict(first, images), train.predict(second, images))
