"""The data sets by name: of tables and images, of texts, and of volumes."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from helpers.data.sources.ag_news import ag_news
from helpers.data.sources.breast_cancer import breast_cancer
from helpers.data.sources.cifar10 import cifar10
from helpers.data.sources.decathlon import decathlon
from helpers.data.sources.digits import digits
from helpers.data.sources.doclines import doclines
from helpers.data.sources.download import cache_folder
from helpers.data.sources.mnist import fashion_mnist, mnist
from helpers.data.sources.phantoms import CHANNELS, CLASSES, phantoms
from helpers.data.sources.photo_patches import photo_patches
from helpers.data.sources.synthetic import synthetic
from helpers.data.splits import Splits
from helpers.data.texts import TextSplits
from helpers.data.transforms.resize import resize
from helpers.names import did_you_mean

Loaded = TypeVar("Loaded")
Bundled = Mapping[str, Callable[[int], Loaded]]  # name -> function of the seed
Downloaded = Mapping[str, Callable[[int, Path], Loaded]]  # name -> function of the seed and the folder of downloads

BUNDLED: Bundled[Splits] = {
    "breast-cancer": breast_cancer,
    "synthetic": synthetic,
    "digits": digits,
    "photo-patches": photo_patches,
}
DOWNLOADED: Downloaded[Splits] = {"mnist": mnist, "fashion-mnist": fashion_mnist, "cifar10": cifar10}
BUNDLED_TEXTS: Bundled[TextSplits] = {"doclines": doclines}
DOWNLOADED_TEXTS: Downloaded[TextSplits] = {"ag-news": ag_news}


def load(name: str, *, seed: int = 0, size: int | None = None, cache: str | Path | None = None) -> Splits:
    """Load a data set of tables or images by name, divided into training, validation and test sets.

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
    splits = _load(name, BUNDLED, DOWNLOADED, seed, cache)
    return splits if size is None else resize(splits, size)


def load_texts(name: str, *, seed: int = 0, cache: str | Path | None = None) -> TextSplits:
    """Load a data set of texts by name, divided into training, validation and test sets.

    Args:
        name: "doclines", which is read from the docstrings of installed libraries, or "ag-news", which is
            downloaded once.
        seed: decides the split, and nothing else; 0 to 2**32 - 1.
        cache: as for `load`.

    Raises:
        ValueError: if there is no data set of texts of that name.
        DataError: if a file or a library is missing, or is damaged.
    """
    return _load(name, BUNDLED_TEXTS, DOWNLOADED_TEXTS, seed, cache)


def load_volumes(
    name: str, *, seed: int = 0, volumes: int = 120, size: int = 32, cache: str | Path | None = None
) -> Splits:
    """Load volumes for segmentation by name, divided into training, validation and test sets of 60, 20 and 20 %.

    Args:
        name: "phantoms", which are generated; or "decathlon", Task01 of the Medical Segmentation Decathlon.
        seed: what the phantoms are generated from; which of the decathlon's cases are taken, and which go where.
        volumes: how many in all, at least 5.
        size: edge of each volume in voxels, at least 8. A real head is brought to that size: its voxels become as
            large as they must for its longest side to fit.
        cache: as for `load`.

    Returns:
        Inputs (N, 4, size, size, size) float32, with mean 0 and standard deviation 1 in each channel of each head,
        and 0 outside it; targets (N, size, size, size) int64, 0 to 3; on the CPU.

    Raises:
        ValueError: if there are no volumes of that name, or a number is too small.
        DataError: if a file is missing and cannot be downloaded, or is damaged.
    """
    if volumes < 5 or size < 8:
        raise ValueError(f"volumes should be at least 5 and size at least 8, but are {volumes} and {size}.")
    bundled = {"phantoms": partial(phantoms, volumes=volumes, size=size)}
    downloaded = {"decathlon": partial(decathlon, volumes=volumes, size=size)}
    examples = _load(name, bundled, downloaded, seed, cache)
    part = len(examples) // 5
    train, valid, test = examples[: -2 * part], examples[-2 * part : -part], examples[-part:]
    return Splits(name, train, valid, test, CLASSES, CHANNELS)


def _load(
    name: str, bundled: Bundled[Loaded], downloaded: Downloaded[Loaded], seed: int, cache: str | Path | None
) -> Loaded:
    if name in bundled:
        return bundled[name](seed)
    if name in downloaded:
        return downloaded[name](seed, cache_folder(cache))
    raise ValueError(f"There is no data set {name!r} here; {did_you_mean(name, [*bundled, *downloaded])}")
