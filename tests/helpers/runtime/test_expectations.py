"""Expectations say what was claimed and whether it holds; symptoms catch what they name and nothing else."""

import json

import numpy as np
import pytest
import torch

from helpers.runtime import expect, expectations, symptom


@pytest.fixture
def shown(monkeypatch):
    """Collect what would be shown in a notebook: (line, data) pairs."""
    lines = []
    monkeypatch.setattr(expectations, "show_line", lambda line, data: lines.append((line, data)))
    return lines


@pytest.mark.parametrize(
    ("value", "bounds", "passed"),
    [
        (0.96, {"at_least": 0.96}, True),
        (0.9599, {"at_least": 0.96}, False),
        (1e-6, {"at_most": 1e-6}, True),
        (2e-6, {"at_most": 1e-6}, False),
        (0.5, {"at_least": 0.4, "at_most": 0.6}, True),
        (0.7, {"at_least": 0.4, "at_most": 0.6}, False),
        (25, {"equals": 25}, True),
        (32, {"equals": 25}, False),
        ("ValueError", {"equals": "ValueError"}, True),
        ("", {"equals": "ValueError"}, False),
        (True, {"equals": True}, True),
        (False, {"equals": True}, False),
        (None, {"equals": None}, True),
        (float("inf"), {"equals": float("inf")}, True),
        (1.0, {"at_most": float("inf")}, True),
        (float("nan"), {"at_least": 0.0}, False),
        (float("nan"), {"at_most": 0.0}, False),
        (torch.tensor(3), {"equals": 3}, True),
        (torch.tensor(0.5, requires_grad=True), {"at_most": 0.5}, True),
        (np.float64(0.25), {"at_least": 0.2}, True),
        (np.bool_(True), {"equals": True}, True),
        (0.3, {"at_least": torch.tensor(0.2)}, True),
    ],
)
def test_a_claim_passes_exactly_when_its_bound_holds(shown, value, bounds, passed):
    expect("claim", value, **bounds)
    ((line, data),) = shown
    claim = data[expectations.CLAIM_MIME]
    assert claim["passed"] is passed
    assert claim["name"] == "claim"
    assert line.startswith("✓ claim" if passed else "✗ claim")
    assert ("a run with the chapter's own parameters" in line) is not passed
    assert ("expect-passed" if passed else "expect-missed") in data["text/html"]
    json.dumps(data, allow_nan=False)  # a notebook is JSON, which knows no NaN and no tensors


def test_a_claim_without_a_bound_is_refused():
    with pytest.raises(ValueError, match="claims nothing"):
        expect("accuracy", 0.9)


def test_the_line_names_value_and_bound(shown):
    expect("test accuracy", 0.97123, at_least=0.96)
    assert shown[0][0] == "✓ test accuracy: 0.9712 (expected at least 0.96)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (2.2e-16, "2.2e-16"),
        (0.98765, "0.9877"),
        (1234.5, "1234"),
        (9999.4, "9999"),
        (9999.6, "10,000"),
        (15260.3, "15,260"),
        (-37453.0, "-37,453"),
        (2.5e12, "2.5e+12"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (15260, "15260"),
        ("text", "text"),
        (None, "None"),
    ],
)
def test_a_value_is_shown_in_few_digits(value, text):
    assert expectations.short(value) == text


def test_the_page_escapes_what_a_name_holds(shown):
    expect("a < b & c", 1, equals=1)
    assert "a &lt; b &amp; c" in shown[0][1]["text/html"]


def test_outside_a_notebook_the_line_is_printed(capsys):
    expect("sum", 3, equals=3)
    assert capsys.readouterr().out == "✓ sum: 3 (expected 3)\n"


def test_a_symptom_is_printed_and_kept(capsys):
    with symptom(ValueError) as caught:
        raise ValueError("first line\nsecond line")
    assert (caught.name, caught.message) == ("ValueError", "first line\nsecond line")
    assert capsys.readouterr().out == "ValueError: first line\n"


def test_a_symptom_has_no_terminal_colors(capsys):
    with symptom(ValueError) as caught:
        raise ValueError("\x1b[1monly if you trust it\x1b[0m. More")
    assert caught.message == "only if you trust it. More"
    assert capsys.readouterr().out == "ValueError: only if you trust it. More\n"


def test_no_symptom_is_said(capsys):
    with symptom(ValueError) as caught:
        pass
    assert (caught.name, caught.message) == ("", "")
    assert capsys.readouterr().out == "no error\n"


def test_another_exception_goes_through():
    with pytest.raises(KeyError), symptom(ValueError):
        raise KeyError("x")


def test_without_a_type_any_error_is_caught_but_not_an_interrupt(capsys):
    with symptom() as caught:
        raise ZeroDivisionError
    assert caught.name == "ZeroDivisionError"
    assert capsys.readouterr().out == "ZeroDivisionError: \n"
    with pytest.raises(KeyboardInterrupt), symptom():
        raise KeyboardInterrupt
