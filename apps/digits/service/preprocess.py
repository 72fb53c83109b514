"""From a gray picture with a digit somewhere in it to what the model was trained on."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from apps.digits.model_folder import Preprocessing
from apps.digits.service.refusals import RefusedError

Gray = NDArray[np.float32]
_WORK = 64  # height at which strokes are made thicker or thinner: fine steps, and quick
_FAINT = 0.25  # what is paler, relative to the darkest ink, is paper: JPEG's ripples, shadows
_CONTRAST = 0.15  # a picture with less between paper and ink is blank


def prepare(gray: Gray, how: Preprocessing) -> Gray:
    """Return the model's input for a picture of one digit.

    Args:
        gray: (H, W) float32 in [0, 1], dark on light or light on dark.
        how: the model card's preprocessing.

    Returns:
        (size, size) float32 in [0, 1], ink is 1.

    Raises:
        RefusedError: 422, the picture is blank.
    """
    box = _resized(_cropped(_ink(gray)), _WORK, _WORK)
    if how.ink is not None:
        box = _with_stroke(box, how)
    height = how.height
    width = max(1, min(how.width, round(box.shape[1] * height / box.shape[0])))
    if box.shape[1] > box.shape[0] * 2:  # a dash, say: do not blow it up to the full height
        height = max(1, round(box.shape[0] * how.width / box.shape[1]))
    placed = _placed(_stretched(box, height, width), how)
    return enlarged(_averaged(placed, how.grid), how.size)


def enlarged(image: Gray, size: int) -> Gray:
    """Enlarge to size x size as ``data.load(size=...)`` does: bilinear, antialiased."""
    return _stretched(image, size, size, Image.Resampling.BILINEAR)


def _ink(gray: Gray) -> Gray:
    """Tell ink from paper: the paper is what most of the border shows, ink is what differs from it."""
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    ink = np.abs(gray - np.median(border))
    strongest = float(ink.max())
    if strongest < _CONTRAST:
        raise RefusedError(422, "blank", "The picture is blank: nothing in it differs from its border.")
    scaled = np.clip(ink / strongest, 0, 1)
    return np.asarray(np.clip((scaled - _FAINT) / (1 - _FAINT), 0, 1), dtype=np.float32)


def _cropped(ink: Gray) -> Gray:
    rows, columns = np.flatnonzero(ink.max(axis=1)), np.flatnonzero(ink.max(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _resized(image: Gray, height: int, width: int) -> Gray:
    """Enlarge or shrink to fit into height x width, keeping the proportions."""
    scale = min(height / image.shape[0], width / image.shape[1])
    return _stretched(image, max(1, round(image.shape[0] * scale)), max(1, round(image.shape[1] * scale)))


def _stretched(image: Gray, height: int, width: int, filter_: Image.Resampling = Image.Resampling.BILINEAR) -> Gray:
    resized = Image.fromarray(image).resize((width, height), filter_)  # antialiased where it shrinks
    return np.asarray(resized, dtype=np.float32)


def _with_stroke(box: Gray, how: Preprocessing) -> Gray:
    """Thicken or thin the strokes, a pixel at a time, until ink covers the wanted share of the square."""
    assert how.ink is not None
    wanted = how.ink
    margin = _WORK // 4
    image = Image.fromarray(np.pad(np.round(box * 255).astype(np.uint8), margin))
    share = _share(image, how)
    step = ImageFilter.MaxFilter(3) if share < wanted else ImageFilter.MinFilter(3)
    for _ in range(margin - 1):
        changed = image.filter(step)
        share_then = _share(changed, how)
        if share_then == 0 or abs(share_then - wanted) >= abs(share - wanted):
            break  # thinned once more, it would vanish or be too thin
        image, share = changed, share_then
    return _cropped(np.asarray(np.asarray(image) / 255, dtype=np.float32))


def _share(image: Image.Image, how: Preprocessing) -> float:
    """Return the ink's share of the square in which this image's ink will be set."""
    bounds = image.getbbox()
    if bounds is None:
        return 0.0
    ink = np.asarray(image.crop(bounds), dtype=np.float32)
    height, width = ink.shape
    shrunk = min(how.height * width / height, how.width) * how.height / how.canvas**2
    return float(ink.mean() / 255 * shrunk)


def _placed(digit: Gray, how: Preprocessing) -> Gray:
    """Set the digit into the square; what would stick out is moved in."""
    height, width = digit.shape
    if how.center == "mass":
        rows, columns = np.indices(digit.shape)
        middle = [float((digit * where).sum() / digit.sum()) for where in (rows, columns)]
    else:
        middle = [(height - 1) / 2, (width - 1) / 2]
    top, left = (
        min(max(round((how.canvas - 1) / 2 - at), 0), how.canvas - side)
        for at, side in zip(middle, digit.shape, strict=True)
    )
    square = np.zeros((how.canvas, how.canvas), dtype=np.float32)
    square[top : top + height, left : left + width] = digit
    return square


def _averaged(square: Gray, grid: int) -> Gray:
    return np.clip(_stretched(square, grid, grid, Image.Resampling.BOX), 0, 1)
