"""IDX, the file format of MNIST: a magic number, the sizes, then the bytes of one array."""

import math
from pathlib import Path

import torch
from torch import Tensor

from helpers.data.data_error import DataError
from helpers.data.formats.gzipped import read_unpacked

UNSIGNED_BYTE = 8  # the format's code for the element type that images and labels have


def read_idx(path: Path, dimensions: int) -> Tensor:
    """Read an IDX file of unsigned bytes, gzipped or not.

    Args:
        path: the file.
        dimensions: how many the array must have: 3 for images, 1 for labels.

    Returns:
        A tensor of that many dimensions, uint8 in 0..255, first index slowest.

    Raises:
        DataError: if the file cannot be read or is cut short, or its magic number, sizes or length are wrong.

    Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits, "File formats".
    """
    content = read_unpacked(path)
    magic = bytes([0, 0, UNSIGNED_BYTE, dimensions])
    if content[:4] != magic:
        raise DataError(
            f"{path} should begin with the bytes {magic.hex(' ')} (IDX, unsigned bytes, {dimensions} dimensions), "
            f"but begins with {content[:4].hex(' ') or 'nothing'}. Replace it by the published file."
        )
    start = 4 + 4 * dimensions
    sizes = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    if len(content) != start + math.prod(sizes):
        raise DataError(
            f"{path} should hold {math.prod(sizes)} bytes of data, by its sizes {sizes}, but holds "
            f"{max(0, len(content) - start)}. Replace it by the published file."
        )
    data = bytearray(content[start:])  # torch.frombuffer wants a buffer that it may write to, and one byte at least
    return torch.frombuffer(data, dtype=torch.uint8).view(sizes) if data else torch.empty(sizes, dtype=torch.uint8)
