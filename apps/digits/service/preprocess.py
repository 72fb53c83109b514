"""From a gray picture with a digit somewhere in it to what the model was trained on."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from apps.digits.model_folder import Preprocessing
from apps.digits.service.find_ink import cropped, find_ink

Gray = NDArray[np.float32]
_WORK = 64  # height at which strokes are made thicker or thinner: fine steps, and quick


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
    box = _resized(find_ink(gray), _WORK, _WORK)
    if how.ink is not None:
        box = _with_stroke(box, how)
    height = how.height
    width = max(1, min(how.width, round(box.shape[1] * height / box.shape[0])))
    if box.shape[1] > box.shape[0] * 2:  # a dash, say: do not blow it up to the full height
        height = max(1, round(box.shape[0] * how.width / box.shape[1]))
    placed = _placed(_stretched(box, height, width), how)
    return enlarged(averaged(placed, how.grid), how.size)


def enlarged(image: Gray, size: int) -> Gray:
    """Enlarge to size x size as ``data.load(size=...)`` does: bilinear, antialiased."""
    return _stretched(image, size, size, Image.Resampling.BILINEAR)


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
        if (share_then - wanted) * (share - wanted) <= 0:  # the wanted share lies between these two
            image = Image.blend(image, changed, (wanted - share) / (share_then - share)) if share_then else image
            break
        if abs(share_then - wanted) >= abs(share - wanted):
            break  # a solid block stays one
        image, share = changed, share_then
    return cropped(np.asarray(np.asarray(image) / 255, dtype=np.float32))


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


def averaged(square: Gray, grid: int) -> Gray:
    """Average a square down to grid x grid values."""
    return np.clip(_stretched(square, grid, grid, Image.Resampling.BOX), 0, 1)
