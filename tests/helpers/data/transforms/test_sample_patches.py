import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers import data


def numbered(shape):
    """A volume whose voxels are their own numbers, so that a patch says where it comes from."""
    voxels = torch.arange(shape[0] * shape[1] * shape[2]).view(shape)
    return torch.stack([voxels, -voxels]).float(), torch.zeros(shape, dtype=torch.int64)


sides = st.tuples(*[st.integers(1, 9)] * 3)


@given(sides, sides, st.integers(0, 1000), st.floats(0, 1))
def test_patches_are_pieces_of_the_volume(shape, wanted, seed, share):
    image, labels = numbered(shape)
    labels.view(-1)[seed % labels.numel()] = 2
    size = tuple(min(pair) for pair in zip(shape, wanted, strict=True))
    generator = torch.Generator().manual_seed(seed)
    patches = data.sample_patches(image, labels, size, count=3, generator=generator, lesion_share=share)
    assert patches.inputs.shape == (3, 2, *size)
    for patch, truth in zip(patches.inputs, patches.targets, strict=True):
        d, h, w = (int(index) for index in torch.unravel_index(patch[0, 0, 0, 0].long(), shape))
        place = (slice(d, d + size[0]), slice(h, h + size[1]), slice(w, w + size[2]))
        assert torch.equal(patch, image[(slice(None), *place)])
        assert torch.equal(truth, labels[place])
        assert truth.any() or share < 1


def test_every_place_is_drawn_and_the_share_is_kept():
    image, labels = numbered((6, 6, 6))
    labels[0, 0, 0] = 1
    draw = {"count": 600, "generator": torch.Generator().manual_seed(0)}
    anywhere = data.sample_patches(image, labels, (3, 3, 3), lesion_share=0.0, **draw)
    assert len(anywhere.inputs[:, 0, 0, 0, 0].unique()) == 4**3
    half = data.sample_patches(image, labels, (3, 3, 3), lesion_share=0.5, **draw)
    assert (half.targets > 0).flatten(1).any(dim=1).float().mean().item() == pytest.approx(0.5 + 0.5 / 64, abs=0.07)


def test_a_patch_is_laid_around_its_voxel_as_far_as_the_volume_allows():
    image, labels = numbered((9, 9, 9))
    labels[4, 0, 8] = 1
    draw = {"count": 3, "generator": torch.Generator().manual_seed(0), "lesion_share": 1.0}
    patches = data.sample_patches(image, labels, (4, 5, 3), **draw)
    assert patches.targets.nonzero().tolist() == [[n, 2, 0, 2] for n in range(3)]


def test_without_a_lesion_every_place_is_as_likely():
    image, labels = numbered((5, 5, 5))
    generator = torch.Generator().manual_seed(0)
    patches = data.sample_patches(image, labels, (5, 5, 4), count=50, generator=generator, lesion_share=1.0)
    assert len(patches.inputs[:, 0, 0, 0, 0].unique()) == 2


def test_patches_are_copies():
    image, labels = numbered((4, 4, 4))
    patches = data.sample_patches(image, labels, (4, 4, 4), count=1, generator=torch.Generator().manual_seed(0))
    patches.inputs.zero_()
    assert image.any()


@pytest.mark.parametrize("size", [(5, 4, 4), (4, 4), (0, 4, 4), (4, 4, 4, 4)])
def test_a_patch_must_fit(size):
    image, labels = numbered((4, 4, 4))
    with pytest.raises(ValueError, match="a patch that fits"):
        data.sample_patches(image, labels, size, count=1, generator=torch.Generator().manual_seed(0))


def test_the_generator_alone_decides_and_half_of_the_patches_lie_around_a_lesion():
    image, labels = numbered((12, 12, 12))
    labels[6, 6, 6] = 1  # a patch of one voxel holds it by chance once in 1728 times

    def draw():
        generator = torch.Generator().manual_seed(3)
        return data.sample_patches(image, labels, (1, 1, 1), count=400, generator=generator)

    torch.manual_seed(0)
    first = draw()
    torch.manual_seed(1)
    assert torch.equal(first.inputs, draw().inputs)
    assert 0.4 < (first.targets.flatten(1) > 0).any(dim=1).double().mean() < 0.6
