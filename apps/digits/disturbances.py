"""Photographs of digits as they go wrong, drawn from a seed."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from apps.digits.strokes import picture

SIDE = 480  # of a photograph, in pixels
PAPER, INK = 214.0, 58.0  # gray values from 0 to 255
_KEYSTONE = 0.0006  # the strongest slant of the camera: how much nearer a pixel is than the one before
Sheet = NDArray[np.float64]  # (SIDE, SIDE), gray values
Disturbance = Callable[[Sheet, np.random.Generator], Sheet]
ACROSS, DOWN = np.meshgrid(*[np.linspace(0, 1, SIDE)] * 2)


def nothing(sheet: Sheet, _: np.random.Generator) -> Sheet:
    """Change nothing: the light is even."""
    return sheet


def shadow(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """A shadow with an edge lies over one corner and part of the digit."""
    depth, where = draw.uniform(0.25, 0.45), draw.uniform(1.1, 1.4)
    return np.asarray(sheet * (1 - depth / (1 + np.exp((where - ACROSS - DOWN) / 0.02))))


def dark_corner(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """The light falls off toward one corner."""
    return sheet * (1 - draw.uniform(0.15, 0.25) * (ACROSS + DOWN))


def lamp(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """A lamp makes a bright round spot."""
    x, y = draw.uniform(0.3, 0.7, 2)
    return np.asarray(sheet * (0.55 + 0.6 * np.exp(-((ACROSS - x) ** 2 + (DOWN - y) ** 2) / 0.12)))


def ruled(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """The paper has lines."""
    for row in range(int(draw.integers(20, 50)), SIDE, 50):
        sheet[row : row + 2] = np.minimum(sheet[row : row + 2], draw.uniform(140, 170))
    return sheet


def squared(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """The paper has squares."""
    return ruled(ruled(sheet, draw).T.copy(), draw).T


def speck(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """A dark speck lies beside the digit."""
    row, column = (int(draw.choice([draw.integers(10, 60), draw.integers(420, 465)])) for _ in range(2))
    sheet[row : row + 5, column : column + 5] = 80
    return sheet


def crumbs(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """Specks lie everywhere."""
    for _ in range(12):
        sheet = speck(sheet, draw)
        row, column = draw.integers(5, SIDE - 10, 2)
        sheet[row : row + 4, column : column + 4] = 80
    return sheet


def desk(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """A strip of a dark desk is in the picture."""
    sheet[:, : draw.integers(15, 60)] = draw.uniform(50, 110)
    return sheet


def desk_around(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """The sheet lies askew on a dark desk, which shows on every side."""
    turned = Image.fromarray(sheet.astype(np.uint8)).resize((SIDE - 60, SIDE - 60))
    turned = turned.convert("LA").rotate(draw.uniform(-6, 6), Image.Resampling.BICUBIC, expand=True)
    photograph = Image.new("L", (SIDE, SIDE), int(draw.uniform(60, 110)))
    photograph.paste(turned.getchannel("L"), (20, 20), turned.getchannel("A"))
    return np.asarray(photograph, dtype=np.float64)


def grain(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """It was dark, and the picture is grainy."""
    return 0.5 * sheet + draw.normal(0, 12, sheet.shape)


def pencil(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """A pencil writes pale and unevenly."""
    share = (PAPER - sheet) / (PAPER - INK)
    uneven = Image.fromarray(draw.uniform(0, 255, (24, 24)).astype(np.uint8)).resize((SIDE, SIDE))
    return PAPER - share * (45 + 45 * np.asarray(uneven) / 255)


def blurred(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """The camera was out of focus."""
    image = Image.fromarray(sheet.astype(np.uint8)).filter(ImageFilter.GaussianBlur(draw.uniform(4, 9)))
    return np.asarray(image, dtype=np.float64)


def askew(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """The camera looked from one side."""
    a, b = draw.uniform(-_KEYSTONE, _KEYSTONE, 2)
    turned = Image.fromarray(sheet.astype(np.uint8)).rotate(
        draw.uniform(-8, 8), Image.Resampling.BICUBIC, fillcolor=int(PAPER)
    )
    slant = (1, 0, 0, 0, 1, 0, a, b)
    seen = turned.transform(
        turned.size, Image.Transform.PERSPECTIVE, slant, Image.Resampling.BICUBIC, fillcolor=int(PAPER)
    )
    return np.asarray(seen, dtype=np.float64)


def blackboard(sheet: Sheet, draw: np.random.Generator) -> Sheet:
    """Chalk on a board, unevenly lit."""
    return dark_corner(255 - sheet, draw)


def two_digits(sheet: Sheet, _: np.random.Generator) -> Sheet:
    """Two digits stand side by side: no answer is right."""
    half = Image.fromarray(sheet.astype(np.uint8)).crop((60, 0, SIDE - 60, SIDE)).resize((SIDE // 2, SIDE // 2))
    both = np.full((SIDE, SIDE), PAPER)
    both[120:360, : SIDE // 2] = both[120:360, SIDE // 2 :] = np.asarray(half)
    return both


def scribble(_: Sheet, draw: np.random.Generator) -> Sheet:
    """A scribble, and no digit."""
    image = Image.new("L", (SIDE, SIDE), int(PAPER))
    points = [(float(x), float(y)) for x, y in draw.uniform(80, SIDE - 80, (14, 2))]
    ImageDraw.Draw(image).line(points, fill=int(INK), width=16)
    return np.asarray(image, dtype=np.float64)


DISTURBANCES: dict[str, Disturbance] = {
    "evenly lit": nothing,
    "a shadow's edge": shadow,
    "a darker corner": dark_corner,
    "a lamp's spot": lamp,
    "lined paper": ruled,
    "squared paper": squared,
    "a speck": speck,
    "many specks": crumbs,
    "a strip of the desk": desk,
    "the desk all around": desk_around,
    "grain": grain,
    "pencil": pencil,
    "out of focus": blurred,
    "seen from one side": askew,
    "chalk on a board": blackboard,
}
NO_DIGITS: dict[str, Disturbance] = {"two digits": two_digits, "a scribble": scribble}


def photograph(digit: str, disturb: Disturbance, draw: np.random.Generator) -> Image.Image:
    """Return a gray photograph, SIDE x SIDE, of a digit written somewhere in the middle of a sheet."""
    scale, pen = draw.uniform(0.4, 0.65), draw.uniform(0.035, 0.06)
    shift = draw.uniform(-0.1, 0.1), draw.uniform(-0.1, 0.1)
    written = np.asarray(picture(digit, side=SIDE, pen=pen, scale=scale, shift=shift), dtype=np.float64) / 255
    sheet = disturb(INK + (PAPER - INK) * written, draw)
    return Image.fromarray(np.clip(sheet, 0, 255).astype(np.uint8))
