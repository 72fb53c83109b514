"""Every function: the same input gives the same bytes, and the input is left as it was."""

import copy
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from helpers import plot, train

GENERATOR = torch.Generator().manual_seed(0)
SCORES = torch.randn(50, generator=GENERATOR)
LABELS = (SCORES + torch.randn(50, generator=GENERATOR) > 0).long()
POINTS = torch.randn(50, 2, generator=GENERATOR)
HISTORY = [train.Epoch(number=n, total=5, loss=1 / n, valid_loss=1.2 / n, metrics={"f1": n / 5}) for n in range(1, 6)]
NAMES = ["a", "b", "c"]

CASES = {
    "curves": (lambda ax, x: plot.curves(x, {"x": x, "2 x": 2 * x}, ax=ax), SCORES),
    "learning_curves": (lambda ax, epochs: plot.learning_curves(epochs, ax=ax), HISTORY),
    "confusion_matrix": (lambda ax, m: plot.confusion_matrix(m, NAMES, ax=ax), torch.arange(9).reshape(3, 3)),
    "heatmap": (lambda ax, m: plot.heatmap(m, rows=NAMES, ax=ax), torch.randn(3, 4, generator=GENERATOR)),
    "image_grid": (lambda _, x: plot.image_grid(x), torch.rand(9, 1, 4, 4, generator=GENERATOR)),
    "weight_images": (lambda _, w: plot.weight_images(w, shape=(3, 3)), torch.randn(4, 9, generator=GENERATOR)),
    "decision_boundary": (lambda ax, x: plot.decision_boundary(lambda p: p[:, 0], x, LABELS, ax=ax), POINTS),
    "overlay": (lambda ax, x: plot.overlay(SCORES[:12].view(3, 4), x, ax=ax), torch.arange(12).view(3, 4) % 4),
    "region_legend": (lambda ax, names: plot.region_legend(names, figure=ax.figure), NAMES),
    "roc": (lambda ax, s: plot.roc(s, LABELS, ax=ax), SCORES),
    "precision_recall": (lambda ax, s: plot.precision_recall(s, LABELS, ax=ax), SCORES),
    "seeds_with_error_bars": (lambda ax, r: plot.seeds_with_error_bars({"r": r}, ax=ax), SCORES[:5]),
}


def png(draw, values):
    return saved(draw, plt.subplots()[1], values)


def saved(draw, ax, values):
    draw(ax, values)
    buffer = io.BytesIO()
    plt.gcf().savefig(buffer, format="png", dpi=200)
    plt.close("all")
    return buffer.getvalue()


def test_every_function_has_a_case():
    functions = {name for name in plot.__all__ if callable(getattr(plot, name))}
    assert functions - {"use_style", "text_color"} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_same_input_same_bytes_and_input_unchanged(name):
    draw, values = CASES[name]
    before = copy.deepcopy(values)
    first, second = png(draw, values), png(draw, values)
    assert first == second
    assert torch.equal(values, before) if isinstance(values, torch.Tensor) else values == before


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"image_grid", "weight_images", "region_legend"}))
def test_without_axes_a_new_figure_shows_the_same(name):
    draw, values = CASES[name]
    assert saved(draw, None, values) == png(draw, values)


def test_a_metric_gets_a_second_panel_without_axes():
    losses, metric = plot.learning_curves(HISTORY, metric="f1")
    assert (losses.get_ylabel(), metric.get_ylabel()) == ("loss", "f1")


@pytest.mark.parametrize("name", [name for name, (_, values) in CASES.items() if isinstance(values, torch.Tensor)])
@pytest.mark.parametrize("kind", ["numpy", "list", "grad", "bfloat16"])
def test_every_kind_of_numbers_is_taken(name, kind):
    draw, values = CASES[name]
    if kind != "list" or name != "curves":
        kinds = {
            "numpy": lambda: values.numpy(),
            "list": lambda: values.tolist(),
            "grad": lambda: values.float().requires_grad_(),
            "bfloat16": lambda: values.bfloat16(),
        }
        assert png(draw, kinds[kind]()).startswith(b"\x89PNG")


def test_nothing_is_drawn_from_global_random_state():
    state = np.random.get_state()[1].copy(), torch.get_rng_state()
    for draw, values in CASES.values():
        png(draw, values)
    assert np.array_equal(np.random.get_state()[1], state[0])
    assert torch.equal(torch.get_rng_state(), state[1])
