"""Patches of photographs: balanced, seeded, and disjoint in space, also where the check knows every pixel's place."""

import socket

import numpy as np
import pytest
import torch

from helpers import data
from helpers.data.sources import photo_patches as patches
from helpers.data.sources.photo_patches import COUNTS, PATCH, PICTURES, TILE, Picture


@pytest.fixture(scope="module")
def splits():
    return data.load("photo-patches", seed=0)


def test_shapes_types_and_balance(splits):
    assert splits.name == "photo-patches"
    assert splits.classes == list(PICTURES)
    assert splits.features == ["red", "green", "blue"]
    for part, count in zip((splits.train, splits.valid, splits.test), COUNTS, strict=True):
        assert part.inputs.shape == (10 * count, 3, 32, 32)
        assert (part.inputs.dtype, part.targets.dtype) == (torch.float32, torch.int64)
        assert part.targets.bincount().tolist() == [count] * 10
        assert part.inputs.min() >= 0
        assert part.inputs.max() <= 1


def test_each_set_holds_patches_of_its_own_tiles_from_0_to_255_over_255():
    torch.manual_seed(5)  # nothing is drawn from the global state
    splits = patches.photo_patches(4)
    pictures = list(patches.read_pictures(4).values())
    for number, (part, count) in enumerate(zip((splits.train, splits.valid, splits.test), COUNTS, strict=True)):
        for label, picture in enumerate(pictures):
            there = {patch.numpy().tobytes() for patch in patches.cut(picture, number)}
            drawn = part.inputs[label * count : (label + 1) * count] * 255
            assert {patch.round().byte().numpy().tobytes() for patch in drawn} <= there
            torch.testing.assert_close(drawn, drawn.round(), rtol=0, atol=1e-4)
    torch.manual_seed(6)
    again = patches.photo_patches(4)
    assert torch.equal(splits.train.inputs, again.train.inputs)
    assert torch.equal(splits.test.inputs, again.test.inputs)


def test_the_contrast_of_a_patch_is_the_deviation_of_its_grey_values():
    picture = np.random.default_rng(0).integers(0, 256, (TILE, TILE, 3), dtype=np.uint8)
    contrast = patches._contrast(patches._tiles(picture))
    for row in range(5):
        for column in range(5):
            patch = picture[8 * row : 8 * row + PATCH, 8 * column : 8 * column + PATCH]
            assert contrast[0, 0, row, column] == pytest.approx((patch.mean(axis=2) / 255).std(), abs=1e-5)


def test_no_patch_is_plain(splits):
    for part in (splits.train, splits.valid, splits.test):
        assert part.inputs.mean(dim=1).flatten(1).std(dim=1).min() >= patches.LEAST_CONTRAST - 1e-6


def test_the_seed_decides(splits):
    again, other = data.load("photo-patches", seed=0), data.load("photo-patches", seed=1)
    assert torch.equal(splits.train.inputs, again.train.inputs)
    assert not torch.equal(splits.train.inputs, other.train.inputs)
    assert not torch.equal(splits.test.inputs, other.test.inputs)


def numbered(rows, columns, parts):
    """A picture whose pixels tell where they are: red and green are the row and column, blue counts the rest."""
    y, x = np.mgrid[: rows * TILE + 5, : columns * TILE + 9]
    return Picture(np.stack([y % 256, x % 256, y // 256 * 16 + x // 256], axis=-1).astype(np.uint8), parts)


def places(cut):
    """The places (y, x) of all pixels of patches (N, 3, 32, 32) of a numbered picture."""
    red, green, blue = cut.long().unbind(1)
    rows, columns = red + blue // 16 * 256, green + blue % 16 * 256
    return set(zip(rows.flatten().tolist(), columns.flatten().tolist(), strict=True))


@pytest.fixture
def no_filter(monkeypatch):
    monkeypatch.setattr(patches, "LEAST_CONTRAST", 0.0)


@pytest.mark.usefixtures("no_filter")
@pytest.mark.parametrize("seed", range(3))
def test_sets_share_no_pixel(seed):
    parts = np.random.default_rng(seed).integers(0, 3, (4, 6))
    picture = numbered(4, 6, parts)
    seen = [places(patches.cut(picture, part)) for part in range(3)]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]
    for part, found in enumerate(seen):  # every pixel of a tile is in some patch of its part
        inside = {(y, x) for y in range(4 * TILE) for x in range(6 * TILE) if parts[y // TILE, x // TILE] == part}
        assert found == inside


@pytest.mark.usefixtures("no_filter")
def test_each_tile_gives_twenty_five_patches():
    picture = numbered(1, 2, np.array([[0, 2]]))
    assert patches.cut(picture, 0).shape == (25, 3, PATCH, PATCH)
    first = patches.cut(picture, 2)[0]
    assert torch.equal(first, torch.tensor(picture.pixels[:32, 64:96]).permute(2, 0, 1))


@pytest.mark.parametrize("seed", [3, 4, 5, 2**32 - 1])
def test_tiles_are_dealt_sixty_twenty_twenty(seed):
    for name, picture in patches.read_pictures(seed).items():
        assert picture.parts.shape == (picture.pixels.shape[0] // TILE, picture.pixels.shape[1] // TILE)
        dealt = [len(patches.cut(picture, part)) for part in range(3)]
        whole = sum(dealt)
        assert whole / 5 <= dealt[1] < whole / 5 + 25
        assert whole / 5 <= dealt[2] < whole / 5 + 25
        # Whatever the seed: the worst that the two bounds above allow still leaves enough for training.
        assert min(whole / 5 - COUNTS[1], whole / 5 - COUNTS[2], whole * 3 / 5 - 50 - COUNTS[0]) >= 0, name


def test_a_tile_without_content_is_left_out():
    plain = np.full((TILE, 2 * TILE, 3), 90, dtype=np.uint8)
    plain[:, TILE:] = np.random.default_rng(0).integers(0, 256, (TILE, TILE, 3))
    assert patches._deal(plain, np.random.default_rng(0)).tolist() == [[-1, 2]]


def test_needs_no_network(monkeypatch):
    def refused(*_):
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    assert len(data.load("photo-patches", seed=5).test) == 1000


def test_a_missing_picture_says_what_to_do(monkeypatch):
    monkeypatch.setitem(PICTURES, "cat", ("skimage", "data/no-such-cat.png"))
    with pytest.raises(data.DataError, match=r"no-such-cat.png should be a picture that comes with skimage.*'digits'"):
        patches.photo_patches(0)
