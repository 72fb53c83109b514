"""Uploaded pictures: found in the form, checked before they are decoded, and turned to gray."""

import warnings
from collections.abc import AsyncGenerator
from io import BytesIO

import numpy as np
from fastapi import Request
from numpy.typing import NDArray
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from apps.digits.service.refusals import RefusedError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
FIELD = "image"
Gray = NDArray[np.float32]
# Pillow inflates a PNG's text, and keeps it, before any pixel is asked for: none of that is needed here.
PngImagePlugin.MAX_TEXT_CHUNK = 2**16
PngImagePlugin.MAX_TEXT_MEMORY = 2**18


async def picture_of(request: Request, body: bytes) -> bytes:
    """Return the file that a multipart form holds in its field `image`.

    Raises:
        RefusedError: 400, the form is broken; 422, it holds no such file.
    """
    try:
        form = await MultiPartParser(request.headers, _once(body), max_files=1, max_fields=4).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise RefusedError(400, "no_form", f"The form cannot be read: {str(error)[:200]}") from error
    try:
        file = form.get(FIELD)
        if not isinstance(file, UploadFile):
            raise RefusedError(422, "no_picture", f"Expected a file in the form's field {FIELD!r}.")
        return await file.read()
    finally:
        await form.close()


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


def gray(content: bytes, *, max_pixels: int) -> Gray:
    """Decode a picture to (H, W) float32 in [0, 1]; transparent parts become paper.

    Args:
        content: PNG, JPEG, WebP or BMP.
        max_pixels: refused before decoding if it says that it has more.

    Raises:
        RefusedError: 415, it is no such picture; 422, it is too large, or damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; they are refused below
            image = Image.open(BytesIO(content), formats=FORMATS)
            _check_size(image.size, max_pixels)
            image.load()
            return _as_gray(ImageOps.exif_transpose(image))
    except RefusedError:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit, met before its caller can ask for the size
        raise RefusedError(422, "too_many_pixels", f"Expected at most {max_pixels} pixels.") from error
    except UnidentifiedImageError as error:
        raise RefusedError(415, "no_picture", f"Expected a picture as {', '.join(FORMATS)}; this is none.") from error
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and more
        raise RefusedError(422, "damaged", "The picture is damaged or cut short.") from error


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise RefusedError(422, "too_many_pixels", f"Expected at most {max_pixels} pixels, got {width} x {height}.")
    if min(size) < 4:
        raise RefusedError(422, "too_small", f"Expected a picture of at least 4 x 4 pixels, got {width} x {height}.")


def _as_gray(image: Image.Image) -> Gray:
    if image.mode.startswith(("I", "F")):  # 16 bits and more
        values = np.nan_to_num(np.asarray(image, dtype=np.float32))
        return np.asarray(np.clip(values / (65535 if values.max() > 255 else 255), 0, 1))
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        return _on_paper(image.convert("RGBA"))
    return _channel(image.convert("L"))


def _on_paper(image: Image.Image) -> Gray:
    """Lay a transparent picture on white if what it shows is dark, and on black if it is light."""
    opacity, shown = _channel(image.getchannel("A")), _channel(image.convert("RGB").convert("L"))
    light = float((shown * opacity).sum()) > 0.5 * float(opacity.sum())
    return shown * opacity if light else 1 - (1 - shown) * opacity


def _channel(image: Image.Image) -> Gray:
    return np.asarray(np.asarray(image) / 255, dtype=np.float32)
