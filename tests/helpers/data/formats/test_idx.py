import re

import pytest
import torch
from idx_files import idx_bytes, packed

from helpers.data import DataError
from helpers.data.formats.idx import read_idx

IMAGES = idx_bytes((2, 2, 3), bytes(range(12)))


def test_images_and_labels_by_hand(write_packed):
    images = read_idx(write_packed(IMAGES), 3)
    assert images.tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
    assert images.dtype == torch.uint8
    labels = read_idx(write_packed(bytes.fromhex("00 00 08 01 00 00 00 03 07 ff 00")), 1)
    assert labels.tolist() == [7, 255, 0]


def test_no_images_are_no_rows(write_packed):
    assert read_idx(write_packed(idx_bytes((0, 28, 28), b"")), 3).shape == (0, 28, 28)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begin with the bytes 00 00 08 03 (IDX, unsigned bytes, 3 dimensions), but begins with nothing"),
        (b"\x00\x00", "but begins with 00 00."),
        (idx_bytes((12,), bytes(12)), "but begins with 00 00 08 01"),
        (idx_bytes((2, 2, 3), bytes(12), kind=13), "but begins with 00 00 0d 03"),
        (IMAGES[:-1], "should hold 12 bytes of data, by its sizes [2, 2, 3], but holds 11"),
        (IMAGES + b"\x00", "should hold 12 bytes of data, by its sizes [2, 2, 3], but holds 13"),
        (IMAGES[:16], "but holds 0"),
        (IMAGES[:9], "but holds 0"),
        (idx_bytes((2**32 - 1, 2**32 - 1, 2**32 - 1), b""), "but holds 0"),
    ],
    ids=["nothing", "two bytes", "labels", "floats", "short", "long", "no data", "half a header", "huge sizes"],
)
def test_damaged_content_is_refused(write_packed, content, message):
    path = write_packed(content)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read_idx(path, 3)
    assert str(path) in str(caught.value)
    assert "Replace it" in str(caught.value)


@pytest.mark.parametrize("length", [0, 1, 5, 11, 20, -9, -4, -1])
def test_a_truncated_file_is_refused(tmp_path, length):
    path = tmp_path / "images.gz"
    path.write_bytes(packed(IMAGES)[:length])
    with pytest.raises(DataError):
        read_idx(path, 3)


def test_no_flipped_bit_of_the_compressed_data_changes_an_image(tmp_path):
    """Some bits are padding; a flip of any other is noticed. gzip's header (10 bytes) tells the date and the like."""
    whole = packed(IMAGES)
    path = tmp_path / "images.gz"
    refused = 0
    for position in range(10 * 8, len(whole) * 8):
        damaged = bytearray(whole)
        damaged[position // 8] ^= 1 << position % 8
        path.write_bytes(damaged)
        try:
            images = read_idx(path, 3)
        except DataError:
            refused += 1
        else:
            assert images.flatten().tolist() == list(range(12))
    assert refused > 0.95 * (len(whole) - 10) * 8


def test_a_file_that_is_not_packed_is_read_as_it_is(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(IMAGES)
    assert read_idx(path, 3).flatten().tolist() == list(range(12))
    path.write_bytes(b"<html>no such page</html>")
    with pytest.raises(DataError, match="should begin with the bytes 00 00 08 03"):
        read_idx(path, 3)
