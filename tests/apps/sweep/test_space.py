"""What is typed after -p becomes an axis, or one clear sentence."""

import optuna
import pytest

from apps.sweep.errors import SweepError
from apps.sweep.space import Axis, parse_axis, show_value, suggest


@pytest.mark.parametrize(
    ("words", "axis"),
    [
        (["lr", "log", "1e-4", "1e-1"], Axis("lr", "log", (1e-4, 1e-1))),
        (["lr", "float", "-1", "1"], Axis("lr", "float", (-1.0, 1.0))),
        (["hidden", "int", "4", "64"], Axis("hidden", "int", (4, 64))),
        (["hidden", "intlog", "1", "1000"], Axis("hidden", "intlog", (1, 1000))),
        (["kind", "choice", "sgd", "adam"], Axis("kind", "choice", ("sgd", "adam"))),
        (["x float -1e-3 1"], Axis("x", "float", (-1e-3, 1.0))),
    ],
)
def test_reads_an_axis(words, axis):
    assert parse_axis(words) == axis


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("lr", "incomplete"),
        ("lr log 1", "needs two limits, LOW and HIGH, but got 1"),
        ("lr log 1 2 3", "but got 3"),
        ("lr loog 1 2", "unknown kind 'loog'; did you mean 'log'?"),
        ("lr log a b", "must be numbers, but are 'a' and 'b'"),
        ("n int 1.5 3", "must be whole numbers"),
        ("lr float 2 1", "LOW must be below HIGH"),
        ("lr float 1 1", "LOW must be below HIGH"),
        ("lr float 0 nan", "LOW must be below HIGH"),
        ("lr float 0 inf", "LOW must be below HIGH"),
        ("lr log 0 1", "must start above 0"),
        ("n intlog -3 1", "must start above 0"),
        ("kind choice a a", "lists a choice twice"),
    ],
)
def test_refuses_what_is_no_axis(words, sentence):
    with pytest.raises(SweepError, match=sentence.replace("?", r"\?")):
        parse_axis(words.split())


def test_suggests_within_the_axes():
    axes = [parse_axis(words.split()) for words in ("a log 1e-3 1", "b int 2 5", "c choice x y", "d float -2 -1")]
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(50):
        found = suggest(study.ask(), axes)
        assert list(found) == ["a", "b", "c", "d"]
        assert 1e-3 <= found["a"] <= 1
        assert found["b"] in (2, 3, 4, 5)
        assert found["c"] in ("x", "y")
        assert -2 <= found["d"] <= -1


@pytest.mark.parametrize(("value", "text"), [(0.000123456, "0.0001235"), (3, "3"), ("sgd", "sgd"), (True, "True")])
def test_shows_values_shortly(value, text):
    assert show_value(value) == text
