import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.data.sources.near_duplicates import distinct, jaccard, words

SENTENCES = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=7).map(" ".join), max_size=25)


@pytest.mark.parametrize(
    ("sentences", "threshold", "kept"),
    [
        (["set the height of the box", "set the width of the box"], 0.6, [0]),  # 4 words of 6 are shared
        (["set the height of the box", "set the width of the box"], 0.7, [0, 1]),
        (["same words here", "Here, same WORDS!", "others"], 1.0, [0, 2]),
        (["in version 12 of it", "in version 34 of it"], 1.0, [0]),  # digits count alike
        (["in version 12 of it", "in version 345 of it"], 1.0, [0, 1]),
        (["", "...", "word"], 0.5, [2]),
        ([], 0.5, []),
    ],
)
def test_by_hand(sentences, threshold, kept):
    assert distinct(sentences, threshold=threshold) == kept


@given(SENTENCES, st.sampled_from([0.2, 1 / 3, 0.5, 0.6, 0.75, 1.0]))
def test_the_shortcut_finds_what_comparing_all_pairs_finds(sentences, threshold):
    kept = []
    for index, sentence in enumerate(sentences):
        mine = words(sentence)
        if mine and all(jaccard(mine, words(sentences[other])) < threshold for other in kept):
            kept.append(index)
    assert distinct(sentences, threshold=threshold) == kept


def test_words_by_hand():
    assert words("Version 12, of Scikit-Learn's x_1!") == {"version", "00", "of", "scikit", "learn", "s", "x_0"}
    assert words("?! ...") == frozenset()


def test_jaccard_by_hand():
    assert jaccard(frozenset("abc"), frozenset("bcd")) == 0.5
    assert jaccard(frozenset("a"), frozenset("a")) == 1.0
    assert jaccard(frozenset(), frozenset()) == 0.0


@pytest.mark.parametrize("threshold", [0, -1, 1.5])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold should be above 0"):
        distinct(["a"], threshold=threshold)
