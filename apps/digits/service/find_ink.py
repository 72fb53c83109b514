"""Finding the digit in a picture: paper from ink under uneven light, and one digit from what lies around it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from apps.digits.service.refusals import RefusedError

Gray = NDArray[np.float32]
_SIDE = 256  # larger pictures are shrunk to this first
_WINDOW = 1 / 3  # of the larger side: strokes are narrower, and the light changes little within it
_SMALL = 64  # pixels: a smaller picture is cut to its digit, evenly lit, and its strokes may be wider than the window
_FAINT = 0.25  # what is paler, relative to the darkest ink, is paper: JPEG's ripples, lines, grain
_CUT = 0.4  # what is darker, relative to it, is certainly ink
_CONTRAST = 0.15  # a picture with less between paper and ink is blank
_PART = 0.08  # a mark with less ink, relative to the main one, is a speck and no part of the digit


def find_ink(gray: Gray) -> Gray:
    """Return the ink of the digit in a picture, cut out.

    Args:
        gray: (H, W) float32 in [0, 1], dark on light or light on dark.

    Returns:
        (h, w) float32 in [0, 1], ink is 1; at most 256 values a side.

    Raises:
        RefusedError: 422, the picture is blank.
    """
    small = _smoothed(_shrunk(gray))
    ink = _darkness(small)
    if ink.max() < _CONTRAST:  # no stroke; perhaps one blot that is larger than any
        ink = _darkness_of_all(small)
    if ink.max() < _CONTRAST:
        raise RefusedError(422, "blank", "The picture is blank: nothing in it differs from its paper.")
    ink = np.clip(ink / ink.max(), 0, 1)
    digit = ndimage.binary_dilation(_digit(ink > _CUT), iterations=2) & (ink > _FAINT)
    return cropped(np.where(digit, (ink - _FAINT) / (1 - _FAINT), 0).astype(np.float32))


def cropped(ink: Gray) -> Gray:
    """Cut away the rows and columns around the ink that hold none."""
    rows, columns = np.flatnonzero(ink.max(axis=1)), np.flatnonzero(ink.max(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _shrunk(gray: Gray) -> Gray:
    height, width = gray.shape
    scale = _SIDE / max(height, width)
    if scale >= 1:
        return gray
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(gray).resize(size, Image.Resampling.BILINEAR), dtype=np.float32)


def _smoothed(gray: Gray) -> Gray:
    """Blur what is thinner than a stroke: grain, and the lines of the paper."""
    return np.asarray(ndimage.gaussian_filter(gray, 1.2 * max(gray.shape) / _SIDE))


def _darkness(gray: Gray) -> Gray:
    """Return how much darker than the paper around it each place is, from 0 to 1; or how much lighter.

    A morphological closing estimates the paper under a stroke: it takes the lightest value within a window that is
    wider than the stroke, and then the darkest of these over all windows that hold the place. So it follows shadows.
    """
    side = max(gray.shape)
    window = max(3, side if side <= _SMALL else round(_WINDOW * side))
    highest, lowest = ndimage.maximum_filter(gray, window), ndimage.minimum_filter(gray, window)
    contrast = highest - lowest
    where = contrast > contrast.max() / 2
    if contrast.max() > 0 and np.mean((gray - lowest)[where] / contrast[where]) < 0.5:  # most of it is dark: a board
        gray, highest = 1 - gray, 1 - lowest
    paper = ndimage.minimum_filter(highest, window)
    return np.asarray((paper - gray) / np.maximum(paper, 0.2), dtype=np.float32)


def _darkness_of_all(gray: Gray) -> Gray:
    """Return how much each place differs from most of the border."""
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    return np.asarray(np.abs(gray - np.median(border)), dtype=np.float32)


def _digit(marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mark that holds most of the middle, with its parts: no specks, nothing that comes in from the edge."""
    labels, count = ndimage.label(marks, np.ones((3, 3)))
    index = np.arange(1, count + 1)
    rows, columns = ((1.01 - np.abs(np.linspace(-1, 1, side))) ** 2 for side in marks.shape)
    main = 1 + int(ndimage.sum_labels(np.minimum.outer(rows, columns), labels, index).argmax())
    areas = ndimage.sum_labels(marks, labels, index)
    at_edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    parts = [number for number in index if areas[number - 1] >= _PART * areas[main - 1]]
    if main not in at_edge:
        parts = [number for number in parts if number not in at_edge]
    return np.isin(labels, parts)
