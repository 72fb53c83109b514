"""MNIST and Fashion-MNIST: 70,000 images each, in the four files that their authors published."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.data.data_error import DataError
from helpers.data.examples import Examples
from helpers.data.formats.idx import read_idx
from helpers.data.sources.download import Remote, fetch
from helpers.data.splits import Splits, holdout

# Mirrors over https, beside those that torchvision knows; the MD5s of the packed files are torchvision's.
MNIST_MIRROR = "https://storage.googleapis.com/cvdf-datasets/mnist/"
FASHION_MIRROR = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
# The MD5s of the files' content, in the order of the names: the same however they are packed.
MNIST_CONTENT = (
    "6bbc9ace898e44ae57da46a324031adb",
    "a25bea736e30d166cdddb491f175f624",
    "2646ac647ad5339dbf082846283269ea",
    "27ae3e4e09519cfbb04c329615203637",
)
FASHION_CONTENT = (
    "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "9018921c3c673c538a1fc5bad174d6f9",
    "8181f5470baa50b63fa0f6fddb340f0a",
    "15d484375f8d13e6eb1aabb0c3f46965",
)


@dataclass(frozen=True)
class Source:
    """Where a data set in MNIST's form comes from.

    Args:
        name: its name, also that of its folder in the cache.
        files: training images, training labels, test images, test labels.
        torchvision_folder: the name of torchvision's folder, which keeps the files below it in `raw`.
        classes: the class names in the order of the labels.
        valid: how many training images to take for validation.
    """

    name: str
    files: tuple[Remote, ...]
    torchvision_folder: str
    classes: list[str]
    valid: int = 10_000


def mnist(seed: int, cache: Path) -> Splits:
    """70,000 handwritten digits, 28x28 pixels, 10 classes: 50,000 to train, 10,000 to validate, 10,000 to test.

    Inputs (N, 1, 28, 28) float32 in [0, 1], ink is 1; targets (N,) int64. The test set is the published one.

    Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits.
    """
    from torchvision.datasets import MNIST  # here, since it takes a second to import

    files = _files(MNIST.resources, (*MNIST.mirrors, MNIST_MIRROR), MNIST_CONTENT)
    return load_source(Source("mnist", files, "MNIST", [str(digit) for digit in range(10)]), seed, cache)


def fashion_mnist(seed: int, cache: Path) -> Splits:
    """70,000 pictures of clothes, in every respect shaped as MNIST.

    Source: Xiao, Rasul and Vollgraf, 2017, Fashion-MNIST, arXiv:1708.07747.
    """
    from torchvision.datasets import FashionMNIST

    files = _files(FashionMNIST.resources, (*FashionMNIST.mirrors, FASHION_MIRROR), FASHION_CONTENT)
    return load_source(Source("fashion-mnist", files, "FashionMNIST", list(FashionMNIST.classes)), seed, cache)


def load_source(source: Source, seed: int, cache: Path) -> Splits:
    """Find or fetch the four files of `source`, and take its validation set from the training images.

    The files may be packed, as published or anew, or unpacked; and they may lie as torchvision leaves them.

    Raises:
        DataError: if a file cannot be had, or the files do not fit together.
    """
    folder = cache / source.name
    elsewhere = [folder / "raw", cache / source.torchvision_folder / "raw"]
    paths = [fetch(remote, folder, instead="digits", elsewhere=elsewhere) for remote in source.files]
    rest, test = _read(paths[0], paths[1], len(source.classes)), _read(paths[2], paths[3], len(source.classes))
    train, valid = holdout(rest, source.valid, seed)
    return Splits(source.name, train, valid, test, source.classes, ["ink"])


def _files(resources: list[tuple[str, str]], mirrors: Sequence[str], contents: Sequence[str]) -> tuple[Remote, ...]:
    """The four files of a torchvision data set, from the mirrors that speak https."""
    safe = tuple(mirror for mirror in mirrors if mirror.startswith("https://"))
    md5s = dict(resources)
    return tuple(
        Remote(f"{name}.gz", md5s[f"{name}.gz"], safe, content) for name, content in zip(NAMES, contents, strict=True)
    )


def _read(images_path: Path, labels_path: Path, classes: int) -> Examples:
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} holds {len(images)} images, but {labels_path} {len(labels)} labels. "
            "Replace both by the published files."
        )
    if len(labels) and int(labels.max()) >= classes:
        raise DataError(
            f"{labels_path} should hold labels from 0 to {classes - 1}, but holds {int(labels.max())}. "
            "Replace it by the published file."
        )
    return Examples(images.unsqueeze(1).float() / 255, labels.long())
