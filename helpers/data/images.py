"""Images as data: the bundled digits, and a change of size for any image set."""

import torch
from sklearn.datasets import load_digits
from torch.nn import functional as F

from helpers.data.examples import Examples
from helpers.data.splits import Splits, stratified


def digits(seed: int) -> Splits:
    """1797 handwritten digits, 8x8 pixels, 10 classes.

    Inputs (N, 1, 8, 8) float32 in [0, 1], the pixel values 0 to 16 divided by 16, ink is 1; targets (N,) int64.

    Source: Alpaydin and Kaynak, 1998, Optical Recognition of Handwritten Digits, UCI (its test set).
    """
    bunch = load_digits()
    images = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1) / 16
    parts = stratified(Examples(images, torch.tensor(bunch.target, dtype=torch.int64)), seed)
    return Splits("digits", *parts, [str(digit) for digit in range(10)], ["ink"])


def resize(splits: Splits, size: int) -> Splits:
    """The images of `splits` at size x size pixels, by bilinear interpolation; values keep their range.

    Raises:
        ValueError: if the inputs are not images (N, C, H, W), or size is below 1.
    """
    shape = tuple(splits.train.inputs.shape)
    if len(shape) != 4:
        raise ValueError(
            f"size is for images (N, C, H, W), but the inputs of {splits.name!r} have shape {shape}. "
            "Leave size out for this data set."
        )
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, but is {size}.")
    if shape[2:] == (size, size):
        return splits
    return splits.map(lambda images: F.interpolate(images, (size, size), mode="bilinear", antialias=True))
