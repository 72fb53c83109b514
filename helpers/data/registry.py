"""The data sets by name."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from helpers.data.cifar10 import cifar10
from helpers.data.download import cache_folder
from helpers.data.images import digits, resize
from helpers.data.mnist import fashion_mnist, mnist
from helpers.data.patches import photo_patches
from helpers.data.splits import Splits
from helpers.data.tables import breast_cancer, synthetic

BUNDLED: dict[str, Callable[[int], Splits]] = {
    "breast-cancer": breast_cancer,
    "synthetic": synthetic,
    "digits": digits,
    "photo-patches": photo_patches,
}
DOWNLOADED: dict[str, Callable[[int, Path], Splits]] = {
    "mnist": mnist,
    "fashion-mnist": fashion_mnist,
    "cifar10": cifar10,
}


def load(name: str, *, seed: int = 0, size: int | None = None, cache: str | Path | None = None) -> Splits:
    """Load a data set by name, divided into training, validation and test sets.

    Args:
        name: "breast-cancer", "synthetic" or "digits", which come with scikit-learn; "photo-patches", cut from
            pictures that come with scikit-image and scikit-learn; "mnist", "fashion-mnist" or "cifar10", which are
            downloaded once.
        seed: decides the split, and nothing else; 0 to 2**32 - 1.
        size: for images, their height and width in pixels; None leaves them as they are.
        cache: the folder of downloads. None takes the environment variable COURSE_DATA, or the system's own
            cache folder where that is not set.

    Returns:
        Inputs float32 and targets int64, on the CPU. Stratified 60/20/20; in photo-patches the three sets share no
        pixel. Those that are downloaded keep their test sets; validation takes 10,000 of the training images, in
        cifar10 5,000.

    Raises:
        ValueError: if there is no data set of that name, or size is given for one that has no images.
        DataError: if a file is missing and cannot be downloaded, or is damaged.
    """
    if name in BUNDLED:
        splits = BUNDLED[name](seed)
    elif name in DOWNLOADED:
        splits = DOWNLOADED[name](seed, cache_folder(cache))
    else:
        known = [*BUNDLED, *DOWNLOADED]
        nearest = get_close_matches(name.lower(), known, n=1, cutoff=0)[0]
        raise ValueError(
            f"There is no data set {name!r}; did you mean {nearest!r}? Known: {', '.join(known)}; "
            "load_texts has those of sentences."
        )
    return splits if size is None else resize(splits, size)
