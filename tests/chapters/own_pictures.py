"""Small folders of pictures, one subfolder for each class, for the tests of programs that read a reader's own."""

from pathlib import Path

import numpy as np
from PIL import Image

RED, BLUE = (200, 30, 30), (30, 30, 200)


def picture(
    color: tuple[int, int, int], *, size: tuple[int, int] = (40, 30), noise: int = 20, seed: int = 0
) -> Image.Image:
    """Return a picture of that size (width, height) in one color, with a little noise."""
    values = np.random.default_rng(seed).integers(-noise, noise + 1, (size[1], size[0], 3)) + np.array(color)
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def folder_of(path: Path, classes: dict[str, tuple[int, int, int]], count: int = 6) -> Path:
    """Write so many pictures of each class, name -> color, into a subfolder of its name, and return the folder.

    Each picture of a class has a width and a noise of its own, as photographs have.
    """
    path.mkdir(parents=True, exist_ok=True)
    for name, color in classes.items():
        (path / name).mkdir()
        for number in range(count):
            picture(color, size=(40 + number, 30), seed=number).save(path / name / f"{number}.png")
    return path


def not_a_picture(path: Path) -> None:
    """Replace a picture by a text."""
    path.write_text("我不是图片", encoding="utf-8")


def cut_off(path: Path) -> None:
    """Cut a picture's file short."""
    path.write_bytes(path.read_bytes()[:60])


def deep(path: Path) -> None:
    """Replace a picture by one of 16 bits."""
    Image.fromarray(np.full((8, 8), 40_000, np.uint16)).save(path)


SPOILERS = [not_a_picture, cut_off, deep]  # what a program that refuses such files has to name
