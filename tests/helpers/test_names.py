import pytest

from helpers.names import did_you_mean


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("epoch", "did you mean 'epochs'?"),
        ("EPOCHS", "did you mean 'epochs'?"),
        ("fashion_mnist", "did you mean 'Fashion-MNIST'?"),
        ("zzz", "known: 'epochs', 'Fashion-MNIST'."),
    ],
)
def test_the_nearest_name_or_all_of_them(name, answer):
    assert did_you_mean(name, ["epochs", "Fashion-MNIST"]) == answer


def test_where_nothing_is_known_nothing_is_listed():
    assert did_you_mean("x", []) == "known: none."
