"""Near-duplicate sentences: which of them to keep, so that no two that stay share most of their words."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from math import ceil


def distinct(sentences: Sequence[str], *, threshold: float = 0.6) -> list[int]:
    """Indices of the sentences to keep, in order: each one that is no near-duplicate of an earlier one kept.

    Two sentences are near-duplicates if the Jaccard similarity of their sets of words, the number they share over
    the number that either has, is `threshold` or more. Words are lower-case, and every digit counts as 0.

    Only pairs that can reach the threshold are compared. Order each set from its rarest word on: if two sets
    share enough, they share one of their first words already (the prefix filter), and those are rare.

    Args:
        sentences: the texts; one without any word is never kept.
        threshold: 0 < threshold <= 1; 1 means the same set of words.

    Raises:
        ValueError: the threshold is out of range.

    Source: Chaudhuri, Ganti and Kaushik, 2006, A primitive operator for similarity joins in data cleaning.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold should be above 0 and at most 1, but is {threshold}.")
    sets = [words(sentence) for sentence in sentences]
    counts = Counter(word for some in sets for word in some)
    kept: list[int] = []
    holders: defaultdict[str, list[int]] = defaultdict(list)  # prefix word -> kept sentences with it in their prefix
    for index, some in enumerate(sets):
        rarest_first = sorted(some, key=lambda word: (counts[word], word))
        prefix = rarest_first[: len(some) - ceil(threshold * len(some)) + 1]
        rivals = {rival for word in prefix for rival in holders[word]}
        if some and not any(_near(some, sets[rival], threshold) for rival in rivals):
            kept.append(index)
            for word in prefix:
                holders[word].append(index)
    return kept


def words(sentence: str) -> frozenset[str]:
    """The sentence's set of words, lower-case, with 0 for every digit."""
    return frozenset(re.findall(r"\w+", re.sub(r"\d", "0", sentence.lower())))


def jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    """Words in both over words in either, 0 to 1; 0 for two empty sets."""
    shared = len(first & second)
    return shared / max(1, len(first) + len(second) - shared)


def _near(first: frozenset[str], second: frozenset[str], threshold: float) -> bool:
    """Whether the similarity reaches the threshold; the sizes alone often say that it cannot."""
    if min(len(first), len(second)) < threshold * max(len(first), len(second)):
        return False
    return jaccard(first, second) >= threshold
