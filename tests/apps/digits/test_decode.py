"""Uploaded pictures: decoded in every usual form, refused before they can do harm."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from apps.digits.service.decode import gray
from apps.digits.service.refusals import RefusedError
from apps.digits.strokes import picture

LIMIT = 4_000_000


def encoded(image, name="PNG", **options):
    file = BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def decoded(content):
    return gray(content, max_pixels=LIMIT)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(width, height):
    """A PNG that says it is huge, and inflates to that; a few kilobytes as sent."""
    row = zlib.compressobj(9)
    data = b"".join(row.compress(bytes(2**16)) for _ in range(64)) + row.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


THREE = picture("3")


def transparent(ink):
    image = Image.new("RGBA", THREE.size, (*ink, 0))
    image.putalpha(THREE.point(lambda value: 255 - value))
    return image


@pytest.mark.parametrize(
    "content",
    [
        encoded(THREE),
        encoded(THREE.convert("RGB")),
        encoded(THREE.convert("P")),
        encoded(THREE.convert("LA")),
        encoded(THREE.convert("I;16").point(lambda value: value * 257)),
        encoded(transparent((0, 0, 0))),
        encoded(THREE, "JPEG", quality=95),
        encoded(THREE.convert("CMYK"), "JPEG", quality=95),
        encoded(THREE, "WEBP", lossless=True),
        encoded(THREE, "BMP"),
    ],
)
def test_every_form_gives_the_same_picture(content):
    assert np.abs(decoded(content) - np.asarray(THREE, dtype=np.float32) / 255).mean() < 0.02


def test_light_ink_on_nothing_lies_on_black():
    assert np.allclose(decoded(encoded(transparent((255, 255, 255)))), 1 - np.asarray(THREE) / 255, atol=0.01)


def test_a_turned_photograph_is_turned_back():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = decoded(encoded(THREE.rotate(90), "JPEG", quality=95, exif=exif))
    assert np.abs(turned - np.asarray(THREE) / 255).mean() < 0.02


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 415, "no_picture"),
        (b"GIF89a" + bytes(100), 415, "no_picture"),
        (encoded(THREE, "GIF"), 415, "no_picture"),
        (encoded(THREE, "TIFF"), 415, "no_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "no_picture"),
        (bomb(60_000, 60_000), 422, "too_many_pixels"),
        (bomb(2_000, 2_001), 422, "too_many_pixels"),
        (encoded(Image.new("L", (3, 50))), 422, "too_small"),
    ],
)
def test_is_refused(content, status, code):
    with pytest.raises(RefusedError) as caught:
        decoded(content)
    assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP"])
def test_a_truncated_picture_is_refused(form):
    content = encoded(THREE.convert("RGB"), form)
    for length in range(12, len(content) - 60, max(1, len(content) // 23)):
        with pytest.raises(RefusedError) as caught:
            decoded(content[:length])
        assert caught.value.status in (415, 422), length


def test_damaged_pictures_never_raise_anything_else():
    generator = np.random.default_rng(0)
    for form in ("PNG", "JPEG", "WEBP", "BMP"):
        content = np.frombuffer(encoded(THREE.convert("RGB"), form), dtype=np.uint8)
        for _ in range(60):
            damaged = content.copy()
            places = generator.integers(0, len(content), 5)
            damaged[places] = generator.integers(0, 256, 5)
            with suppress(RefusedError):
                assert np.isfinite(decoded(damaged.tobytes())).all()


def test_a_bomb_in_a_text_chunk_is_refused():
    info = PngInfo()
    info.add_text("comment", "a" * 2**22, zip=True)
    content = encoded(THREE, pnginfo=info)
    assert len(content) < 20_000
    with pytest.raises(RefusedError):
        decoded(content)
