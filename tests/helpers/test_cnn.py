"""The convolutional networks: shapes, parameter counts by hand, and what their parts must do."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.models import ConvNet, ResidualBlock, ResNet


def count_parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


def conv_net_parameters(channels, classes, size):
    convolutions = (channels * 16 * 25 + 16) + (16 * 32 * 25 + 32)
    flat = 32 * (size // 4) ** 2
    return convolutions + (flat * 120 + 120) + (120 * 84 + 84) + (84 * classes + classes)


@pytest.mark.parametrize(("channels", "classes", "size"), [(1, 10, 28), (1, 10, 8), (3, 10, 32), (1, 4, 9), (2, 3, 4)])
def test_conv_net_shapes_and_parameters(channels, classes, size):
    model = ConvNet(channels, classes, size=size)
    assert model(torch.rand(5, channels, size, size)).shape == (5, classes)
    assert count_parameters(model) == conv_net_parameters(channels, classes, size)


def test_conv_net_for_mnist_has_the_size_that_the_chapter_prints():
    assert count_parameters(ConvNet()) == 212_542


def test_conv_net_is_not_linear():
    model = ConvNet(size=8).double().eval()
    x, y = torch.rand(2, 1, 1, 8, 8, dtype=torch.float64)
    zero = model(torch.zeros(1, 1, 8, 8, dtype=torch.float64))
    assert (model(x + y) - model(x) - model(y) + zero).abs().max() > 1e-4


def test_conv_net_drops_units_in_training_alone():
    torch.manual_seed(0)
    model, images = ConvNet(size=8, dropout=0.5), torch.rand(4, 1, 8, 8)
    assert not torch.equal(model(images), model(images))
    model.eval()
    assert torch.equal(model(images), model(images))
    plain = ConvNet(size=8)
    assert torch.equal(plain(images), plain(images))


@pytest.mark.parametrize(
    ("inside", "outside", "stride", "projected"), [(4, 4, 1, False), (4, 8, 1, True), (4, 4, 2, True), (4, 8, 2, True)]
)
def test_block_shapes_and_shortcut(inside, outside, stride, projected):
    block = ResidualBlock(inside, outside, stride)
    assert block(torch.rand(2, inside, 8, 8)).shape == (2, outside, 8 // stride, 8 // stride)
    assert isinstance(block.shortcut, nn.Identity) is not projected


@pytest.mark.parametrize("size", [1, 7, 8])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_shortcut_is_a_strided_convolution_of_one_by_one(stride, size):
    *steps, _ = ResidualBlock(4, 6, stride).shortcut
    maps = torch.randn(2, 4, size, size)
    expected = F.conv2d(maps, steps[-1].weight, stride=stride)
    torch.testing.assert_close(nn.Sequential(*steps)(maps), expected)


@pytest.mark.parametrize("inside", [3, 4, 8])
def test_gradients_of_a_narrow_block_do_not_depend_on_the_memory_format(inside):
    """The 1x1 convolution with a stride, channels-last, few channels: wrong gradients or a crash on some processors."""
    torch.manual_seed(0)
    block, maps, found = ResidualBlock(inside, 8, 2), torch.randn(64, inside, 8, 8), []
    for layout in (torch.contiguous_format, torch.channels_last):
        block.to(memory_format=layout).zero_grad()
        block(maps.to(memory_format=layout)).square().mean().backward()
        found.append([parameter.grad.clone() for parameter in block.parameters()])
    torch.testing.assert_close(found[1], found[0], rtol=1e-3, atol=1e-5)


def test_a_block_whose_body_is_zero_passes_its_input_on():
    block = ResidualBlock(3, 3)
    nn.init.zeros_(block.body[-1].weight)
    maps = torch.randn(2, 3, 5, 5)
    assert torch.equal(block(maps), F.relu(maps))


@pytest.mark.parametrize(
    ("options", "size", "positions"),
    [({}, 32, (4, 4)), ({"stem": 1, "stages": 3}, 32, (8, 8)), ({"stem": 2, "stages": 1}, 8, (4, 4))],
)
def test_resnet_maps(options, size, positions):
    model = ResNet(3, 7, width=4, **options)
    images = torch.rand(2, 3, size, size)
    assert model(images).shape == (2, 7)
    assert model.features(images).shape[2:] == positions
    assert model.features(images).shape[1] == model.head.in_features == 4 * 2 ** (options.get("stages", 2) - 1)


def test_resnet_parameters_by_hand():
    stem = 3 * 36 * 8 + 2 * 8
    first = 2 * (8 * 8 * 9 + 2 * 8)
    second = (8 * 16 * 9 + 2 * 16) + (16 * 16 * 9 + 2 * 16) + (8 * 16 + 2 * 16)
    assert count_parameters(ResNet(3, 10, width=8)) == stem + first + second + (16 * 10 + 10)


def test_resnet_takes_any_size_and_logits_are_the_mean_evidence():
    torch.manual_seed(0)
    model = ResNet(1, 5, width=4, stem=1).eval()
    for shape in ((8, 8), (12, 20), (9, 7)):
        images = torch.rand(3, 1, *shape)
        evidence = torch.einsum("kd,bdij->bkij", model.head.weight, model.features(images))
        torch.testing.assert_close(model(images), evidence.mean(dim=(2, 3)) + model.head.bias)


@pytest.mark.parametrize("build", [lambda: ConvNet(size=8), lambda: ResNet(1, 10, width=8, stem=1)])
def test_every_parameter_gets_a_gradient(build):
    torch.manual_seed(0)
    model = build()
    F.cross_entropy(model(torch.rand(16, 1, 8, 8)), torch.arange(16) % 10).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in model.parameters())
