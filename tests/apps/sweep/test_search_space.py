"""What is typed after -p and --set becomes a search space and fixed values, or one clear sentence."""

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from apps.sweep.messages import SweepError
from apps.sweep.search_space import describe, parse_fixed, parse_search_space, suggest

TYPES = {"lr": "float", "hidden": "int", "kind": "str", "flag": "bool", "sizes": "list[int]", "odd": ""}
TYPES |= {"batch_size": "int", "epochs": "int"}


def parse(*options):
    return parse_search_space([option.split() for option in options], TYPES)


@pytest.mark.parametrize(
    ("words", "distribution"),
    [
        ("lr log 1e-4 1e-1", FloatDistribution(1e-4, 1e-1, log=True)),
        ("lr float -1 1", FloatDistribution(-1.0, 1.0)),
        ("hidden int 4 64", IntDistribution(4, 64)),
        ("hidden intlog 1 1000", IntDistribution(1, 1000, log=True)),
        ("kind choice sgd adam", CategoricalDistribution(("sgd", "adam"))),
        ("lr choice 1e-3 0.1", CategoricalDistribution((0.001, 0.1))),
        ("flag choice true False", CategoricalDistribution((True, False))),
    ],
)
def test_reads_a_distribution(words, distribution):
    (found,) = parse(words).values()
    assert found == distribution
    name = words.split()[0]
    assert parse(describe(name, found)) == {name: found}  # what is typed and what is shown are the same


def test_reads_a_distribution_in_one_word():
    assert parse_search_space([["lr float -1e-3 1"]], TYPES) == {"lr": FloatDistribution(-1e-3, 1.0)}


HUGE = "9" * 100_000


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["lr"], "incomplete"),
        (["lr log 1"], "needs two limits, LOW and HIGH, but got 1"),
        (["lr log 1 2 3"], "but got 3"),
        (["lr loog 1 2"], r"unknown kind 'loog'; did you mean 'log'\?"),
        (["lr log a b"], "'lr' needs a float, which 'a' is not"),
        (["hidden int 1.5 3"], "'hidden' needs an int, which '1.5' is not"),
        (["lr float 2 1"], "LOW must be below HIGH"),
        (["lr float 1 1"], "LOW must be below HIGH"),
        (["lr float 0 nan"], "needs a finite number"),
        (["lr float 0 1e400"], "needs a finite number, which '1e400' is not"),
        (["lr float -1.7e308 1.7e308"], "too wide"),
        (["hidden int 0 " + "9" * 400], r"up to 2\^63, which '9+'...'9+' \(400 characters\) is not"),
        (["hidden int 0 " + HUGE], r"needs an int, which '9+'...'9+' \(100000 characters\) is not"),
        ([f"{HUGE} int 0 1"], "has no parameter '9+'...'9+'"),
        (["lr log 0 1"], "must start above 0"),
        (["hidden intlog -3 1"], "must start above 0"),
        (["kind choice a a"], "lists a choice twice"),
        (["lr choice 0.1 1e-1"], "lists a choice twice"),
        (["hiden int 1 8"], r"no parameter 'hiden'; did you mean 'hidden'\?"),
        (["batch-size int 1 8"], r"no parameter 'batch-size'; did you mean 'batch_size'\?"),
        (["_epochs int 1 8"], r"no parameter '_epochs'; did you mean 'epochs'\?"),
        (["qqq int 1 8"], "no parameter 'qqq'; known: 'lr', 'hidden', 'kind', 'flag', 'sizes', 'odd'"),
        (["lr log 1e-3 1", "lr float 0 1"], "'lr' is given twice"),
        (["hidden float 1 8"], "is int in the notebook, so its kind cannot be float: int or intlog or choice"),
        (["kind int 1 8"], "is str in the notebook, so its kind cannot be int: choice"),
        (
            ["sizes choice 1 2"],
            r"'sizes' is annotated list\[int\]; a sweep needs one that is annotated int",
        ),
        (["odd choice 1 2"], "'odd' has no annotation, and a value that does not tell its type; annotate it as int"),
    ],
)
def test_refuses_what_does_not_fit(options, sentence):
    with pytest.raises(SweepError, match=sentence) as caught:
        parse(*options)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("option", "value"),
    [("hidden 3", 3), ("lr 3", 3.0), ("lr 1e-3", 0.001), ("flag True", True), ("kind 1e-3", "1e-3")],
)
def test_a_fixed_value_has_the_type_of_its_parameter(option, value):
    (found,) = parse_fixed([option.split()], TYPES, {}).values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["hidden 3.5"], "needs an int"),
        (["lr many"], "needs a float, which 'many' is not"),
        (["lr inf"], "needs a finite number"),
        (["flag 1"], "needs a bool"),
        (["hiden 1"], "did you mean 'hidden'"),
        (["lr 1"], "'lr' is given twice"),
        (["hidden 1", "hidden 2"], "'hidden' is given twice"),
    ],
)
def test_refuses_a_fixed_value_that_does_not_fit(options, sentence):
    space = parse("lr log 1e-3 1") if options == ["lr 1"] else {}
    with pytest.raises(SweepError, match=sentence):
        parse_fixed([option.split() for option in options], TYPES, space)


def test_suggests_within_the_space():
    space = parse("lr log 1e-3 1", "hidden int 2 5", "kind choice x y")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(50):
        found = suggest(study.ask(), space)
        assert list(found) == ["lr", "hidden", "kind"]
        assert 1e-3 <= found["lr"] <= 1
        assert found["hidden"] in (2, 3, 4, 5)
        assert found["kind"] in ("x", "y")
