"""MNIST and Fashion-MNIST: 70,000 images each, downloaded as the four files that their authors published."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from helpers.data.data_error import DataError
from helpers.data.examples import Examples
from helpers.data.formats.idx import read_idx
from helpers.data.sources.download import Remote, fetch
from helpers.data.splits import Splits, holdout

# Mirrors over https, beside those that torchvision knows; the MD5s are torchvision's.
MNIST_MIRROR = "https://storage.googleapis.com/cvdf-datasets/mnist/"
FASHION_MIRROR = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"


@dataclass(frozen=True)
class Source:
    """Where a data set in MNIST's form comes from.

    Args:
        name: its name, also that of its folder in the cache.
        files: training images, training labels, test images, test labels.
        classes: the class names in the order of the labels.
        valid: how many training images to take for validation.
    """

    name: str
    files: tuple[Remote, Remote, Remote, Remote]
    classes: list[str]
    valid: int = 10_000


def mnist(seed: int, cache: Path) -> Splits:
    """70,000 handwritten digits, 28x28 pixels, 10 classes: 50,000 to train, 10,000 to validate, 10,000 to test.

    Inputs (N, 1, 28, 28) float32 in [0, 1], ink is 1; targets (N,) int64. The test set is the published one.

    Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits.
    """
    from torchvision.datasets import MNIST  # here, since it takes a second to import

    files = _files(MNIST.resources, (*MNIST.mirrors, MNIST_MIRROR))
    return load_source(Source("mnist", files, [str(digit) for digit in range(10)]), seed, cache)


def fashion_mnist(seed: int, cache: Path) -> Splits:
    """70,000 pictures of clothes, in every respect shaped as MNIST.

    Source: Xiao, Rasul and Vollgraf, 2017, Fashion-MNIST, arXiv:1708.07747.
    """
    from torchvision.datasets import FashionMNIST

    files = _files(FashionMNIST.resources, (*FashionMNIST.mirrors, FASHION_MIRROR))
    return load_source(Source("fashion-mnist", files, list(FashionMNIST.classes)), seed, cache)


def load_source(source: Source, seed: int, cache: Path) -> Splits:
    """Fetch, read and check the four files of `source`, and take its validation set from the training images.

    Raises:
        DataError: if a file cannot be had, or the files do not fit together.
    """
    paths = [fetch(remote, cache / source.name, instead="digits") for remote in source.files]
    rest, test = _read(paths[0], paths[1], len(source.classes)), _read(paths[2], paths[3], len(source.classes))
    train, valid = holdout(rest, source.valid, seed)
    return Splits(source.name, train, valid, test, source.classes, ["ink"])


def _files(resources: list[tuple[str, str]], mirrors: tuple[str, ...]) -> tuple[Remote, Remote, Remote, Remote]:
    """The four files of a torchvision data set, from the mirrors that speak https."""
    safe = tuple(mirror for mirror in mirrors if mirror.startswith("https://"))
    by_name = {name: Remote(name, md5, safe) for name, md5 in resources}
    parts = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    first, second, third, fourth = (by_name[f"{part}-ubyte.gz"] for part in parts)
    return first, second, third, fourth


def _read(images_path: Path, labels_path: Path, classes: int) -> Examples:
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} holds {len(images)} images, but {labels_path} {len(labels)} labels. "
            "Remove both, so that they are downloaded again."
        )
    if len(labels) and int(labels.max()) >= classes:
        raise DataError(
            f"{labels_path} should hold labels from 0 to {classes - 1}, but holds {int(labels.max())}. "
            "Remove it, so that it is downloaded again."
        )
    return Examples(_scaled(images), labels.long())


def _scaled(images: Tensor) -> Tensor:
    """Bytes (N, H, W) to one channel of float32 in [0, 1]."""
    return images.unsqueeze(1).float() / 255
