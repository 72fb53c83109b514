"""Digits as a hand draws them: strokes through a few points, in percent of a square's side, y down."""

from PIL import Image, ImageDraw

_POINTS = {
    "0": "50:10 30:25 25:50 30:75 50:90 70:75 75:50 70:25 50:10",
    "1": "35:30 55:10 55:90",
    "2": "28:30 35:15 50:10 65:15 72:30 65:48 27:90 75:90",
    "3": "30:15 50:10 68:20 68:35 50:47 70:60 70:80 50:90 28:83",
    "4": "60:90 60:10 25:62 80:62",
    "5": "32:10 32:45 52:42 70:55 70:75 52:90 28:83, 32:10 70:10",
    "6": "65:10 42:30 30:60 35:83 52:90 68:80 70:65 55:53 35:62",
    "7": "25:10 75:10 45:90, 35:50 75:50",
    "8": "50:47 33:35 33:18 50:10 67:18 67:35 50:47, 50:47 30:62 30:82 50:90 70:82 70:62 50:47",
    "9": "70:30 55:45 35:40 30:25 42:12 60:10 70:25 68:60 60:90",
}


def _points(text: str) -> list[tuple[float, float]]:
    pairs = (point.split(":") for point in text.split())
    return [(int(x) / 100, int(y) / 100) for x, y in pairs]


STROKES = {digit: [_points(stroke) for stroke in text.split(",")] for digit, text in _POINTS.items()}


def picture(
    digit: str, *, side: int = 112, pen: float = 0.075, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)
) -> Image.Image:
    """Draw a digit, black on white, as the page does.

    Args:
        digit: "0" to "9".
        side: of the picture, in pixels.
        pen: width of the strokes, in sides of the picture.
        scale: of the digit; at 1 it fills four fifths of the height.
        shift: right and down, in sides of the picture.

    Returns:
        A gray image, side x side.
    """
    large = side * 4
    image = Image.new("L", (large, large), 255)
    canvas = ImageDraw.Draw(image)
    radius = pen * large / 2
    for stroke in STROKES[digit]:
        points = [
            (large * (scale * (x - 0.5) + 0.5 + shift[0]), large * (scale * (y - 0.5) + 0.5 + shift[1]))
            for x, y in stroke
        ]
        canvas.line(points, fill=0, width=round(2 * radius))
        for x, y in points:
            canvas.ellipse([x - radius, y - radius, x + radius, y + radius], fill=0)
    return image.resize((side, side), Image.Resampling.BOX)
