"""The U-Net: every size, its places, its switches."""

from itertools import product

import pytest
import torch
from torch import nn

from helpers import models
from helpers.models.unet import ConvBlock, fit_to, upsampler

OPTIONS = [
    {"early": early, "skips": skips, "up": up}
    for early, skips, up in product((False, True), (False, True), ("transposed", "linear"))
]


def small(**options):
    torch.manual_seed(0)
    return models.UNet(4, 3, widths=[4, 6, 8], **options).eval()


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("size", [*product((8, 9), (10, 11), (12, 13)), (1, 2, 3), (5, 21, 7)])
def test_logits_have_the_size_of_the_volume(options, size):
    with torch.no_grad():
        assert small(**options)(torch.rand(1, 4, *size)).shape == (1, 3, *size)


@pytest.mark.parametrize(("have", "want"), [((4, 5, 6), (5, 5, 5)), ((1, 1, 1), (2, 3, 4)), ((3, 4, 5), (3, 4, 5))])
def test_fit_to_adds_and_cuts_at_the_far_end_of_each_axis(have, want):
    features = torch.rand(2, 3, *have)
    fitted = fit_to(features, want)
    assert fitted.shape == (2, 3, *want)
    kept = [slice(0, min(pair)) for pair in zip(have, want, strict=True)]
    assert torch.equal(fitted[:, :, *kept], features[:, :, *kept])
    added = fitted.clone()
    added[:, :, *kept] = 0
    assert not added.any()


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_volume_moved_by_the_coarsest_step_gives_logits_moved_as_far(options, axis):
    """If a level were shifted against another, or an axis padded at the near end, this would not hold."""
    size = [8, 8, 8]
    size[axis] = 61  # odd, and longer than twice the receptive field
    moved, step, model = torch.zeros(1, 4, *size), 4, small(**options)
    volume = torch.rand(1, 4, *size, generator=torch.Generator().manual_seed(1))
    moved.narrow(axis + 2, step, 61 - step).copy_(volume.narrow(axis + 2, 0, 61 - step))
    with torch.no_grad():
        first, second = (model(x).narrow(axis + 2, 20 + at, 20) for x, at in ((volume, 0), (moved, step)))
    torch.testing.assert_close(first, second, rtol=0, atol=1e-5)


def test_without_skips_no_parameter_is_lost():
    for early, up in product((False, True), ("transposed", "linear")):
        with_skips, without = (
            sum(p.numel() for p in small(early=early, up=up, skips=skips).parameters()) for skips in (True, False)
        )
        assert without >= with_skips


def test_without_skips_nothing_crosses():
    """The finest encoder's features reach the logits by the coarser levels alone."""
    model = small(skips=False)
    volume = torch.rand(1, 4, 8, 8, 8)
    with torch.no_grad():
        before = model(volume)
        model.encoder[0] = nn.Sequential(model.encoder[0], nn.Threshold(1e9, 0.0))  # nothing below
        after = [model(volume + shift) for shift in (0.0, 1.0)]
    assert not torch.equal(before, after[0])
    torch.testing.assert_close(after[0], after[1])


@pytest.mark.parametrize("up", ["transposed", "linear"])
def test_up_doubles(up):
    assert upsampler(6, 4, up)(torch.rand(2, 6, 3, 4, 5)).shape == (2, 4, 6, 8, 10)


def test_an_unknown_way_up_is_refused():
    with pytest.raises(ValueError, match="'transposed' or 'linear', but is 'nearest'"):
        models.UNet(1, 2, up="nearest")


def test_a_block_sees_two_voxels_each_way_and_halves_if_asked():
    block = ConvBlock(1, 4).eval()
    volume = torch.zeros(1, 1, 9, 9, 9, requires_grad=True)
    block(volume + torch.rand(volume.shape))[0, :, 4, 4, 4].sum().backward()
    seen = volume.grad[0, 0].nonzero()
    assert (seen.amin(dim=0) >= 2).all()
    assert (seen.amax(dim=0) <= 6).all()
    assert ConvBlock(1, 4, stride=2)(torch.rand(2, 1, 9, 8, 7)).shape == (2, 4, 5, 4, 4)


def test_every_parameter_learns():
    for options in OPTIONS:
        model = small(**options).train()
        model(torch.rand(2, 4, 8, 8, 8)).square().mean().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
