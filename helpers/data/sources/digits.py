"""digits: handwritten digits that come with scikit-learn."""

import torch
from sklearn.datasets import load_digits

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
