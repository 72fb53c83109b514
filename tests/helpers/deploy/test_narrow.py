"""A narrowed network computes what the whole one computes with the dropped channels silenced."""

import pytest
import torch
from torch import nn

from helpers import models
from helpers.deploy.prune import keep_inputs, keep_outputs, narrow


def layers_of(model):
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


def silenced(model, keep):
    """The same network, whole, with the weakest channels of each layer but the last multiplied by zero."""
    handles = []
    sizes = [layer.weight.detach().abs().flatten(1).sum(dim=1) for layer in layers_of(model)]
    for number, layer in enumerate(layers_of(model)[:-1]):
        if number:  # a channel is ranked by the inputs that are still there
            share = layers_of(model)[number - 1].weight.shape[0]
            each = layer.weight.shape[1] // share
            alive = handles[-1][1].repeat_interleave(each)
            shape = (1, -1, *[1] * (layer.weight.ndim - 2))
            sizes[number] = (layer.weight.detach().abs() * alive.view(shape)).flatten(1).sum(dim=1)
        count = round(keep * len(sizes[number]))
        mask = torch.zeros(len(sizes[number]))
        mask[sizes[number].argsort(descending=True)[:count]] = 1
        hook = lambda _, __, out, mask=mask: out * mask.view(1, -1, *[1] * (out.ndim - 2))  # noqa: E731
        handles.append((layer.register_forward_hook(hook), mask))
    return [handle for handle, _ in handles]


@pytest.mark.parametrize("keep", [0.25, 0.5, 0.9, 1.0])
def test_equals_the_network_with_silenced_channels(keep):
    torch.manual_seed(0)
    model, images = models.ConvNet().eval(), torch.rand(5, 1, 28, 28)
    small = narrow(model, keep).eval()
    handles = silenced(model, keep)
    with torch.inference_mode():
        assert torch.allclose(small(images), model(images), atol=1e-5)
    for handle in handles:
        handle.remove()


def test_counts_by_hand():
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 10), nn.Linear(10, 3))
    small = narrow(model, 0.5)
    assert [tuple(layer.weight.shape) for layer in layers_of(small)] == [(2, 2, 3, 3), (5, 72), (3, 5)]
    assert (small[0].out_channels, small[3].in_features, small[3].out_features, small[4].in_features) == (2, 72, 5, 5)
    assert layers_of(model)[0].weight.shape == (4, 2, 3, 3)  # the model itself stays whole


def test_keeps_the_largest():
    first, second = nn.Linear(1, 3, bias=False), nn.Linear(3, 1)
    first.weight = nn.Parameter(torch.tensor([[1.0], [2.0], [-3.0]]))
    second.weight = nn.Parameter(torch.tensor([[10.0, 20.0, 30.0]]))
    small = narrow(nn.Sequential(first, second), 0.6)
    assert small[0].weight.tolist() == [[2.0], [-3.0]]  # in their old order
    assert small[1].weight.tolist() == [[20.0, 30.0]]


def test_one_channel_stays():
    small = narrow(models.ConvNet(), 1e-6)
    assert [layer.weight.shape[0] for layer in layers_of(small)] == [1, 1, 1, 1, 10]


def test_what_is_left_can_be_trained():
    small = narrow(models.ConvNet(), 0.5)
    small(torch.rand(2, 1, 28, 28)).sum().backward()
    assert all(parameter.grad is not None for parameter in small.parameters())


@pytest.mark.parametrize("keep", [0, -0.1, 1.1, float("nan")])
def test_other_shares_are_refused(keep):
    with pytest.raises(ValueError, match="share of channels"):
        narrow(models.ConvNet(), keep)


def test_the_pieces_by_hand():
    layer = nn.Linear(6, 2)
    weight = torch.arange(12.0).reshape(2, 6)
    layer.weight, layer.bias = nn.Parameter(weight.clone()), nn.Parameter(torch.tensor([5.0, 7.0]))
    keep_inputs(layer, torch.tensor([0, 2]), 3)  # each of 3 channels owns 2 columns
    assert layer.weight.tolist() == [[0, 1, 4, 5], [6, 7, 10, 11]]
    keep_outputs(layer, torch.tensor([1]))
    assert (layer.weight.tolist(), layer.bias.tolist()) == ([[6, 7, 10, 11]], [7.0])
