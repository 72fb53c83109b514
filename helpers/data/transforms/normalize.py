"""Intensities of scans: every channel to mean 0 and standard deviation 1 inside a mask."""

import numpy as np
from numpy.typing import NDArray


def standardize_inside(image: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Each channel with mean 0 and standard deviation 1 over the mask, and 0 outside it.

    A scanner's intensities have no unit, and most of a scan is air: measured over everything, the mean and the
    standard deviation would say how much air there is.

    Args:
        image: (C, D, H, W).
        mask: (D, H, W), True where there is something; a channel that is constant there becomes 0.
    """
    inside = image[:, mask].astype(np.float64)  # (C, voxels)
    if inside.shape[1] == 0:
        return np.zeros_like(image)
    mean, std = inside.mean(axis=1, keepdims=True), inside.std(axis=1, keepdims=True)
    result = np.zeros(image.shape, dtype=np.float32)
    result[:, mask] = (inside - mean) / np.where(std > 0, std, 1.0)
    return result
