"""The palette: far apart in every kind of color vision, and text that can be read."""

import itertools
import subprocess
import sys

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from helpers import plot
from helpers.plot import style
from helpers.plot.boundary import TINTS

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(color: str, vision: str) -> np.ndarray:
    """CIELAB coordinates of a color as seen with a kind of vision; 2.3 apart is a just noticeable difference."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(VISION[vision] @ linear, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(first: str, second: str, vision: str) -> float:
    return float(np.linalg.norm(lab(first, vision) - lab(second, vision)))


@pytest.mark.parametrize("vision", VISION)
def test_line_colors_stay_apart(vision):
    assert min(distance(a, b, vision) for a, b in itertools.combinations(style.CYCLE, 2)) > 15


@pytest.mark.parametrize("vision", VISION)
def test_region_tints_stay_apart(vision):
    assert distance(*TINTS, vision) > 12


def test_red_and_green_would_fail_the_same_check():
    assert distance("#a05000", "#6a6a00", "deuteranopia") < 15 < distance("#a05000", "#6a6a00", "normal")


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        ("#000000", "#FFFFFF", 21.0),
        ("#FFFFFF", "#FFFFFF", 1.0),
        ("#767676", "#FFFFFF", 4.54),
        ("#0000FF", "white", 8.59),
    ],
)
def test_contrast_by_hand(first, second, ratio):
    assert style.contrast(first, second) == pytest.approx(ratio, abs=0.01)
    assert style.contrast(second, first) == style.contrast(first, second)


@pytest.mark.parametrize("color", plot.COLORS.values())
def test_text_in_each_color_can_be_read(color):
    text = plot.text_color(color)
    assert style.contrast(text, "white") >= 4.5
    assert text == color.lower() or style.contrast(color, "white") < 4.5


def test_ink_can_be_read_on_every_grey_and_on_both_maps():
    greys = [f"#{level:02x}{level:02x}{level:02x}" for level in range(256)]
    maps = [tuple(plt.get_cmap(name)(value)[:3]) for name in ("Blues", "RdBu_r") for value in range(256)]
    for background in [*greys, *maps]:
        assert style.contrast(style.ink_on(background), background) >= 4.5


def test_no_two_lines_share_color_or_dashes():
    assert len(set(style.CYCLE)) == len(set(style.DASHES)) == len(set(style.MARKERS)) == 7
    assert plot.COLORS["yellow"] not in style.CYCLE


def test_plain_plots_follow_the_cycle():
    _, ax = plt.subplots()
    lines = [ax.plot([0, 1], [i, i])[0] for i in range(7)]
    assert [line.get_color() for line in lines] == list(style.CYCLE)
    assert style.look(8) == style.look(1)


def test_style_does_not_depend_on_what_was_set_before():
    before = dict(plt.rcParams)
    plt.rcParams.update({"font.size": 30, "axes.facecolor": "black", "lines.linewidth": 9})
    plot.use_style()
    assert dict(plt.rcParams) == before
    assert plt.figure().get_size_inches().tolist() == [7.0, 3.0]


def test_style_outside_a_notebook_does_not_import_ipython():
    code = "import sys; from helpers import plot; plot.use_style(); assert 'matplotlib_inline' not in sys.modules"
    environment = {"MPLBACKEND": "Agg", "PATH": "", "MPLCONFIGDIR": matplotlib.get_cachedir()}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
