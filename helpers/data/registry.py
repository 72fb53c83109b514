"""The data sets by name."""

from collections.abc import Callable
from difflib import get_close_matches

from helpers.data.images import digits, resize
from helpers.data.splits import Splits
from helpers.data.tables import breast_cancer, synthetic

BUNDLED: dict[str, Callable[[int], Splits]] = {
    "breast-cancer": breast_cancer,
    "synthetic": synthetic,
    "digits": digits,
}


def load(name: str, *, seed: int = 0, size: int | None = None) -> Splits:
    """Load a data set by name."""
    if name not in BUNDLED:
        near = get_close_matches(name, BUNDLED, n=1, cutoff=0.0)
        raise ValueError(f"no data set {name!r}; nearest {near}")
    splits = BUNDLED[name](seed)
    return splits if size is None else resize(splits, size)
