"""The standard error with which the rnn chapter compares models: by hand, over sentences and over seeds."""

import pytest
import torch

from book import notebooks
from book.notebooks import CHAPTERS


@pytest.fixture(scope="module")
def lead():
    cells = notebooks.code_cells(notebooks.read(CHAPTERS / "rnn.ipynb"))
    (source,) = [cell.source for cell in cells if "def lead(" in cell.source]
    names = {}
    exec(source, names)
    return names["lead"]


def test_of_seeds_alone(lead):
    """Seeds that are right on all sentences or on none: a variance of 1/3, and the mean of four has a quarter of it."""
    extreme = torch.tensor([1.0, 0.0, 1.0, 0.0])[:, None].expand(4, 50)
    ahead, error = lead(extreme, torch.full((1, 50), 0.5))
    assert ahead == 0
    assert error == pytest.approx((1 / 12) ** 0.5)
    assert lead(torch.full((1, 50), 0.5), extreme)[1] == pytest.approx((1 / 12) ** 0.5)


def test_of_sentences_alone(lead):
    right = torch.tensor([[1.0, 1.0, 0.0, 1.0]])
    ahead, error = lead(right, torch.zeros(1, 4))
    assert ahead == 0.75
    assert error == pytest.approx((0.25 / 4) ** 0.5)  # variance 0.25 of four values


def test_counts_only_where_two_models_differ(lead):
    same = torch.rand(1, 30, generator=torch.Generator().manual_seed(0)).round()
    assert lead(same, same) == (0, 0)
