"""How far apart the surfaces of two segmentations lie (u-net chapter)."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Mask = NDArray[np.bool_]


def surface_distances(predicted: Tensor, truth: Tensor, *, spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> Tensor:
    """The distance of every surface voxel of one region to the other region's surface, in both directions.

    The mean is the average symmetric surface distance; the largest is the Hausdorff distance.

    Args:
        predicted: bool, shape (D, H, W).
        truth: bool, same shape.
        spacing: length of a voxel along each axis, in mm.

    Returns:
        Shape (S,), float64, in mm; empty if neither region has a voxel, infinite if only one of them has.

    Raises:
        ValueError: the shapes differ.
    """
    if predicted.shape != truth.shape:
        raise ValueError(f"expected regions of one shape, got {tuple(predicted.shape)} and {tuple(truth.shape)}")
    first, second = (_surface(region.cpu().numpy().astype(bool)) for region in (predicted, truth))
    both = [_distances(first, second, spacing), _distances(second, first, spacing)]
    return torch.from_numpy(np.concatenate(both))


def _surface(region: Mask) -> Mask:
    """The voxels of a region that touch its outside, or the volume's border."""
    from scipy.ndimage import binary_erosion  # here, since it takes long to import

    surface: Mask = region & ~binary_erosion(region)
    return surface


def _distances(here: Mask, there: Mask, spacing: Sequence[float]) -> NDArray[np.float64]:
    """From each voxel of one surface to the nearest of the other."""
    from scipy.ndimage import distance_transform_edt

    if not there.any():
        return np.full(int(here.sum()), np.inf)
    distances: NDArray[np.float64] = distance_transform_edt(~there, sampling=spacing)[here]
    return distances
