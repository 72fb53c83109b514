from collections.abc import Iterator

import matplotlib
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from helpers import plot


@pytest.fixture(autouse=True)
def style() -> Iterator[None]:
    plot.use_style()
    yield
    plt.close("all")
