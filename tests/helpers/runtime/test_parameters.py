"""A wrong parameter ends a run with one sentence; a right one passes unchanged."""

import math
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.runtime import ParameterError, check_parameters, parameters

RULES = {"epochs": (1, 100), "lr": (1e-6, 10.0), "dataset": ["digits", "mnist"], "shuffle": bool}
GOOD = {"epochs": 3, "lr": 0.1, "dataset": "digits", "shuffle": True}


def test_good_parameters_come_back_in_the_order_of_the_rules():
    assert list(check_parameters(GOOD, RULES).items()) == list(GOOD.items())


def test_a_whole_number_is_a_good_float():
    learning_rate = check_parameters({**GOOD, "lr": 1}, RULES)["lr"]
    assert learning_rate == 1.0
    assert isinstance(learning_rate, float)


@pytest.mark.parametrize(("given", "number"), [("1e-3", 0.001), ("1e-6", 1e-6), ("10", 10.0), (" 0.5 ", 0.5)])
def test_text_that_is_a_number_is_a_good_float(given, number):
    learning_rate = check_parameters({**GOOD, "lr": given}, RULES)["lr"]
    assert learning_rate == number
    assert isinstance(learning_rate, float)


@pytest.mark.parametrize("name", ["epochs", "lr", "dataset", "shuffle", "zzz"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (10**400, "1000000000"),
        (-(10**400), "-1000000000"),
        (10**5000, "a whole number of several thousand digits"),
        ("x" * 100_000, "xxxxxxxxxx... (100,002 characters)"),
        ([1] * 50_000, "(150,000 characters)"),
    ],
    ids=["large", "negative", "unwritable", "text", "list"],
)
def test_a_huge_value_is_refused_in_a_short_sentence(name, value, shown):
    with pytest.raises(ParameterError) as caught:
        check_parameters({**GOOD, name: value}, RULES)
    assert shown in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("bound", [1, 100])
def test_both_ends_of_a_range_are_allowed(bound):
    assert check_parameters({**GOOD, "epochs": bound}, RULES)["epochs"] == bound


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("epochs", 0, "a whole number from 1 to 100"),
        ("epochs", 101, "a whole number from 1 to 100"),
        ("epochs", 3.0, "a whole number from 1 to 100"),
        ("epochs", True, "a whole number from 1 to 100"),
        ("epochs", "3", "a whole number from 1 to 100"),
        ("epochs", None, "a whole number from 1 to 100"),
        ("lr", -0.1, "a number from 1e-6 to 10"),
        ("lr", math.nan, "a number from 1e-6 to 10"),
        ("lr", math.inf, "a number from 1e-6 to 10"),
        ("lr", "0.0", "a number from 1e-6 to 10"),
        ("lr", "nan", "a number from 1e-6 to 10"),
        ("lr", "fast", "a number from 1e-6 to 10"),
        ("lr", True, "a number from 1e-6 to 10"),
        ("dataset", "digit", "one of 'digits', 'mnist'; did you mean 'digits'?"),
        ("dataset", "zebra", "one of 'digits', 'mnist'."),
        ("dataset", 3, "one of 'digits', 'mnist'."),
        ("dataset", ["digits"], "one of 'digits', 'mnist'."),
        ("shuffle", 1, "True or False"),
        ("shuffle", "yes", "True or False"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(name, value, allowed):
    with pytest.raises(ParameterError) as caught:
        check_parameters({**GOOD, name: value}, RULES)
    message = str(caught.value)
    assert repr(name) in message
    assert repr(value) in message
    assert allowed in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ((1e-4, 10.0), "a number from 1e-4 to 10"),
        ((2.5e-6, 0.001), "a number from 2.5e-6 to 0.001"),
        ((0.0, 0.5), "a number from 0 to 0.5"),
        ((-1e-6, 1e6), "a number from -1e-6 to 1000000"),
        ((1, 10_000), "a whole number from 1 to 10000"),
        (parameters.SEED_RULE, "a whole number from 0 to 4294967295"),
    ],
)
def test_limits_are_written_as_in_the_parameters_cells(rule, words):
    assert parameters.describe_rule(rule) == words


@pytest.mark.parametrize(("wrong", "meant"), [("epoch", "epochs"), ("Epochs", "epochs"), ("data_set", "dataset")])
def test_an_unknown_name_is_refused_with_the_nearest_known_one(wrong, meant):
    with pytest.raises(ParameterError, match=f"no parameter '{wrong}'.*did you mean '{meant}'"):
        check_parameters({**GOOD, wrong: 3}, RULES)


def test_a_name_like_no_other_lists_all_parameters():
    with pytest.raises(ParameterError, match="its parameters are 'epochs', 'lr', 'dataset', 'shuffle'"):
        check_parameters({**GOOD, "zzz": 1}, RULES)


@pytest.mark.parametrize("value", [1, 1.5, "a", True, None, [1], {"a": 1}, (1,), {1}])
def test_every_kind_of_literal_that_papermill_injects_is_noticed(value):
    with pytest.raises(ParameterError, match="no parameter 'zzz'"):
        check_parameters({**GOOD, "zzz": value}, RULES)


def test_what_a_notebook_holds_besides_is_no_parameter():
    notebook = {"In": [""], "Out": {}, "_": 3, "__name__": "__main__", "np": types, "f": len, "Path": str}
    assert check_parameters({**GOOD, **notebook}, RULES) == GOOD


def test_a_rule_without_its_parameter_is_the_author_s_mistake():
    with pytest.raises(ParameterError, match="must define 'lr'"):
        check_parameters({"epochs": 3}, {"epochs": (1, 9), "lr": (0.0, 1.0)})


def test_front_ends_show_the_sentence_alone():
    error = ParameterError("parameter 'epochs' is 0.")
    assert error._render_traceback_() == ["ParameterError: parameter 'epochs' is 0."]


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-100, 100))
def test_a_range_allows_what_lies_in_it_and_nothing_else(low, high, value):
    rules = {"n": (low, high)}
    if low <= value <= high:
        assert check_parameters({"n": value}, rules) == {"n": value}
    else:
        with pytest.raises(ParameterError):
            check_parameters({"n": value}, rules)
