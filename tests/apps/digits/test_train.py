"""The model that the service reads digits with."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from apps.digits.service.model import Model, softmax
from apps.digits.train import train_digits
from helpers import data, train


def test_softmax_agrees_with_torch():
    logits = np.array([[1000.0, 0.0, -1000.0], [0.1, 0.2, 0.3]], dtype=np.float32)
    assert np.allclose(softmax(logits), torch.tensor(logits).softmax(1).numpy(), atol=1e-7)


def test_the_folder_holds_the_accuracy_it_claims(model_folder, digits):
    model = Model(model_folder)
    best = model.probabilities(digits.test.inputs[:, 0].numpy()).argmax(axis=1)
    assert (best == digits.test.targets.numpy()).mean() == pytest.approx(model.card.metrics["test accuracy"], abs=0.003)


def test_training_repeats(digits, monkeypatch):
    few = replace(digits, train=digits.train[:128])
    monkeypatch.setattr(data, "load", lambda *_, **__: few)
    (first, _), (second, _) = (train_digits(epochs=1) for _ in range(2))
    images = digits.test.inputs[:8]
    assert torch.equal(train.predict(first, images), train.predict(second, images))
