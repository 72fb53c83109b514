import math
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from helpers import models
from helpers.deploy.attacks import fgsm, input_gradient, pgd

WEIGHT = torch.tensor([[1.0, -2.0, 0.0, 0.0], [-1.0, 1.0, 0.0, 3.0]], dtype=torch.float64)


def linear(weight=WEIGHT):
    """Two logits of a 2x2 image, without a bias."""
    layer = nn.Linear(4, len(weight), bias=False, dtype=torch.float64)
    layer.weight.data.copy_(weight)
    return nn.Sequential(nn.Flatten(), layer)


def image(*pixels):
    return torch.tensor(pixels, dtype=torch.float64).view(1, 1, 2, 2)


def margin(model, images):
    """Return the logit of class 0 minus that of class 1."""
    logits = model(images).detach()
    return logits[:, 0] - logits[:, 1]


@pytest.fixture
def network():
    torch.manual_seed(0)
    return models.ConvNet(size=8).eval()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_gradient_by_hand():
    """At zero both classes have probability 1/2, so the gradient is half the difference of the rows of the weights."""
    gradient = input_gradient(linear(), image(0, 0, 0, 0), labels=torch.tensor([0]))
    assert torch.allclose(gradient, image(-1.0, 1.5, 0.0, 1.5))  # (p - t) W = 1/2 ([-1, 1, 0, 3] - [1, -2, 0, 0])


def test_a_very_sure_answer_keeps_its_gradient():
    """In float32 the probability exp(-30) of the other class vanishes beside one, and the gradient became zero."""
    sure = linear(torch.tensor([[15.0, 15.0, 15.0, 15.0], [0.0, 0.0, 0.0, 0.0]])).float()
    gradient = input_gradient(sure, image(0.5, 0.5, 0.5, 0.5).float(), labels=torch.tensor([0]))
    assert torch.allclose(gradient.double() / math.exp(-30), image(-15.0, -15.0, -15.0, -15.0), rtol=1e-2)


@pytest.mark.parametrize(
    ("pixels", "label", "epsilon", "wanted"),
    [
        ((0.5, 0.5, 0.5, 0.5), 0, 0.1, (0.4, 0.6, 0.5, 0.6)),  # the third pixel does not count, so it stays
        ((0.5, 0.5, 0.5, 0.5), 1, 0.1, (0.6, 0.4, 0.5, 0.4)),
        ((0.05, 0.95, 0.0, 1.0), 0, 0.1, (0.0, 1.0, 0.0, 1.0)),  # an image stays an image
        ((0.3, 0.7, 0.2, 0.9), 0, 0.0, (0.3, 0.7, 0.2, 0.9)),
    ],
)
def test_fgsm_by_hand(pixels, label, epsilon, wanted):
    moved = fgsm(linear(), image(*pixels), labels=torch.tensor([label]), epsilon=epsilon)
    assert torch.allclose(moved, image(*wanted))


def test_fgsm_takes_epsilon_times_the_sum_of_weights_from_a_linear_margin():
    gray, model = image(0.5, 0.5, 0.5, 0.5), linear()
    moved = fgsm(model, gray, labels=torch.tensor([0]), epsilon=0.1)
    assert (margin(model, gray) - margin(model, moved)).item() == pytest.approx(0.1 * (2 + 3 + 0 + 3))


def test_no_corner_of_the_box_is_worse_for_a_linear_model_than_fgsm():
    gray, model = image(0.5, 0.4, 0.6, 0.3), linear()
    corners = torch.cat([gray + 0.1 * image(*signs) for signs in product((-1, 1), repeat=4)])
    moved = fgsm(model, gray, labels=torch.tensor([0]), epsilon=0.1)
    assert margin(model, moved).item() == pytest.approx(margin(model, corners).min().item())


@pytest.mark.parametrize("steps", [3, 10])
def test_pgd_ends_where_fgsm_does_on_a_linear_model(steps):
    """From any start, 2.5 epsilons of steps in one direction lead to the border."""
    weight = WEIGHT.clone()
    weight[0, 2] = 1.0  # every pixel counts, so that none stays where the start put it
    gray, labels = image(0.5, 0.4, 0.6, 0.3), torch.tensor([1])
    moved = pgd(linear(weight), gray, labels=labels, epsilon=0.1, generator=generator(), steps=steps)
    assert torch.allclose(moved, fgsm(linear(weight), gray, labels=labels, epsilon=0.1))


@given(epsilon=st.floats(0, 0.5), count=st.integers(1, 4), steps=st.integers(1, 3), seed=st.integers(0, 99))
def test_attacks_stay_within_bounds(epsilon, count, steps, seed):
    torch.manual_seed(seed)
    model, images = models.MLP(16, [5], 3), torch.rand(count, 1, 4, 4)
    known = {"labels": torch.randint(3, (count,)), "epsilon": epsilon}
    for moved in (fgsm(model, images, **known), pgd(model, images, **known, generator=generator(seed), steps=steps)):
        assert moved.shape == images.shape
        assert not moved.requires_grad
        assert moved.min() >= 0
        assert moved.max() <= 1
        assert (moved - images).abs().max() <= epsilon + 1e-6


def test_attacks_raise_the_loss_of_a_network_and_pgd_the_most(network):
    images, labels = torch.rand(64, 1, 8, 8, generator=generator()), torch.arange(64) % 10

    def loss(moved):
        return F.cross_entropy(network(moved), labels).item()

    known = {"labels": labels, "epsilon": 0.1}
    one, many = fgsm(network, images, **known), pgd(network, images, **known, generator=generator())
    assert loss(images) < loss(one) <= loss(many)


def test_an_image_is_attacked_alike_alone_and_in_a_batch(network):
    images, labels = torch.rand(5, 1, 8, 8, generator=generator()), torch.arange(5)
    together = input_gradient(network, images, labels=labels)
    alone = input_gradient(network, images[3:4], labels=labels[3:4])
    assert torch.allclose(together[3:4], alone, atol=1e-7)


def test_equal_generators_give_equal_starts_and_others_give_others(network):
    images, labels = torch.rand(4, 1, 8, 8, generator=generator()), torch.arange(4)
    first, again, other = (
        pgd(network, images, labels=labels, epsilon=0.1, generator=generator(seed), steps=1, reach=0.5)
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_nothing_is_left_behind_in_the_model_or_the_images(network):
    images, before = torch.rand(2, 1, 8, 8), [parameter.clone() for parameter in network.parameters()]
    kept = images.clone()
    pgd(network, images, labels=torch.tensor([1, 2]), epsilon=0.1, generator=generator())
    assert torch.equal(images, kept)
    assert not network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(now, then) for now, then in zip(network.parameters(), before, strict=True))
