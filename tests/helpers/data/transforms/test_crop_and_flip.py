"""Batched crops and flips: every result is one of the images that the definition allows."""

import pytest
import torch
from torch.nn import functional as F

from helpers.data.transforms import crop_and_flip


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def allowed(image, padding):
    """All crops of one image (C, H, W), plain and mirrored, cut one by one."""
    height, width = image.shape[1:]
    padded = F.pad(image[None], [padding] * 4, mode="reflect")[0]
    steps = range(2 * padding + 1)
    crops = [padded[:, i : i + height, j : j + width] for i in steps for j in steps]
    return crops + [crop.flip(2) for crop in crops]


@pytest.mark.parametrize(("shape", "padding"), [((40, 3, 6, 6), 2), ((40, 1, 5, 8), 1), ((5, 2, 4, 4), 0)])
def test_every_result_is_a_crop_or_its_mirror_image(shape, padding):
    images = torch.rand(shape, generator=generator())
    results = crop_and_flip(images, padding, generator=generator(1))
    assert results.shape == images.shape
    for image, result in zip(images, results, strict=True):
        assert any(torch.equal(result, choice) for choice in allowed(image, padding))


def test_all_shifts_and_flips_occur_about_equally_often():
    image = torch.arange(16.0).view(1, 1, 4, 4)
    results = crop_and_flip(image.repeat(9000, 1, 1, 1), 1, generator=generator())
    counts = torch.stack([(results == choice).flatten(1).all(dim=1).sum() for choice in allowed(image[0], 1)])
    assert counts.sum() == 9000
    assert counts.min() > 400  # 500 expected of each of the 18, standard deviation 22
    assert counts.max() < 600


def test_the_generator_decides():
    images = torch.rand(20, 3, 8, 8)
    first, again, other = (crop_and_flip(images, generator=generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_keeps_type_and_leaves_the_input_alone():
    images = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8)
    before = images.clone()
    assert crop_and_flip(images.half(), generator=generator()).dtype == torch.float16
    crop_and_flip(images.float(), generator=generator())
    assert torch.equal(images, before)


def test_channels_last_and_columns_of_other_length():
    images = torch.rand(6, 3, 8, 5)
    plain = crop_and_flip(images, 3, generator=generator())
    assert torch.equal(plain, crop_and_flip(images.to(memory_format=torch.channels_last), 3, generator=generator()))


@pytest.mark.parametrize("padding", [-1, 5, 9])
def test_a_padding_that_does_not_fit_is_refused(padding):
    with pytest.raises(ValueError, match=f"from 0 to 4 for these images, but is {padding}"):
        crop_and_flip(torch.rand(2, 3, 8, 5), padding, generator=generator())
