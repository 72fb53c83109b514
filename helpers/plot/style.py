"""One look for every figure of the course."""

import sys
from typing import Any

import matplotlib.pyplot as plt
import matplotlib.style
from cycler import cycler
from matplotlib.colors import to_hex, to_rgb

# Okabe and Ito, "Color Universal Design" (2008): eight colors that stay apart in color-blind vision.
COLORS: dict[str, str] = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "bluish green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "reddish purple": "#CC79A7",
}

# The order of the lines in a figure. Yellow is left out: a thin yellow line is lost on white.
CYCLE: tuple[str, ...] = tuple(
    COLORS[name] for name in ("blue", "vermillion", "bluish green", "reddish purple", "black", "orange", "sky blue")
)
# One dash pattern per color, in units of the line width: the lines stay apart in grey print too.
Dashes = str | tuple[int, tuple[float, ...]]
DASHES: tuple[Dashes, ...] = (
    "-",
    (0, (5, 1.6)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (3, 1.2)),
    (0, (6, 1.4, 1.2, 1.4, 1.2, 1.4)),
    (0, (9, 2)),
)
MARKERS: tuple[str, ...] = ("o", "^", "s", "D", "v", "P", "X")
INK = "#262626"  # text and axes
FAINT = "#595959"  # what should step back; 7:1 on white

_STYLE = {
    "figure.figsize": (7.0, 3.0),
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that every machine draws the same letters
    "mathtext.fontset": "dejavusans",
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.labelsize": 12,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 11,
    "legend.facecolor": "white",
    "legend.edgecolor": "none",
    "legend.framealpha": 0.85,
    "legend.handlelength": 2.4,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.0,
    "lines.markersize": 6,
    "lines.scale_dashes": True,
    "image.interpolation": "nearest",
    "axes.prop_cycle": cycler(color=CYCLE) + cycler(linestyle=DASHES),
}


def use_style() -> None:
    """Set the style of the course for all later figures; in a notebook, draw them at twice the resolution.

    Starts from matplotlib's defaults, so that a reader's own settings do not change the figures.
    """
    matplotlib.style.use(["default", _STYLE])
    ipython = sys.modules.get("IPython")
    in_notebook = ipython is not None and ipython.get_ipython() is not None
    if in_notebook and "inline" in matplotlib.get_backend():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        # Not cropped: every figure keeps its own size.
        set_matplotlib_formats("retina", bbox_inches=None)  # type: ignore[no-untyped-call]


def new_axes(*, columns: int = 1) -> Any:
    """Make a figure; return its axes, or the array of them if there are several side by side."""
    return plt.subplots(1, columns)[1]


def look(index: int) -> tuple[str, Dashes, str]:
    """Color, dashes and marker of a figure's line by its index; they start over after seven."""
    place = index % len(CYCLE)
    return CYCLE[place], DASHES[place], MARKERS[place]


def luminance(color: str) -> float:
    """Relative luminance of a color, 0 (black) to 1 (white). Source: WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colors, 1 to 21; text needs 4.5. Source: WCAG 2.2, success criterion 1.4.3."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def text_color(color: str) -> str:
    """Darken a color until text in it can be read on white (contrast of at least 4.5)."""
    for percent in range(100, -1, -1):
        red, green, blue = (percent / 100 * c for c in to_rgb(color))
        candidate = to_hex((red, green, blue))
        if contrast(candidate, "white") >= 4.5:
            return candidate
    return INK


def ink_on(background: str) -> str:
    """Return an ink that can be read on a background: the usual dark one, else white, else black."""
    inks = [ink for ink in (INK, "#FFFFFF") if contrast(ink, background) >= 4.5]
    return inks[0] if inks else "#000000"  # black or white has 4.5 on any color
