"""CIFAR-10: 60,000 color photographs of ten classes, from its authors' archive or from torchvision's folder."""

import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from helpers.data.data_error import DataError
from helpers.data.examples import Examples
from helpers.data.formats.gzipped import DAMAGED
from helpers.data.sources.download import Remote, fetch
from helpers.data.splits import Splits, holdout

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
RECORD = 1 + 3 * 32 * 32  # bytes: the label, then the red, the green and the blue plane, each row by row
FOLDER = "cifar-10-batches-bin"
TRAIN_FILES = [f"{FOLDER}/data_batch_{number}.bin" for number in range(1, 6)]
TEST_FILES = [f"{FOLDER}/test_batch.bin"]
# The binary version: plain bytes, where the Python version is a pickle, which can run code when it is read.
ARCHIVE = Remote("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", ("https://www.cs.toronto.edu/~kriz/",))
TORCHVISION = "cifar-10-batches-py"  # the folder of pickles that torchvision leaves


@dataclass(frozen=True)
class Source:
    """Where CIFAR-10 comes from.

    Args:
        archive: the compressed archive.
        valid: how many training images to take for validation.
    """

    archive: Remote = ARCHIVE
    valid: int = 5_000


def cifar10(seed: int, cache: Path) -> Splits:
    """60,000 photographs, 32x32 pixels, 10 classes: 45,000 to train, 5,000 to validate, 10,000 to test.

    Inputs (N, 3, 32, 32) float32 in [0, 1], red, green, blue; targets (N,) int64. The test set is the published one.

    Source: Krizhevsky, 2009, Learning multiple layers of features from tiny images.
    """
    return load_source(Source(), seed, cache)


def load_source(source: Source, seed: int, cache: Path) -> Splits:
    """Read torchvision's folder where there is one, else the archive; take validation from the training images.

    Raises:
        DataError: the archive cannot be had, or does not hold what it should.
    """
    folder = cache / "cifar10"
    theirs = [place for place in (folder, cache) if (place / TORCHVISION).is_dir()]
    if theirs:
        whole, test = read_torchvision(theirs[0], train=True), read_torchvision(theirs[0], train=False)
    else:
        archive = fetch(source.archive, folder, instead="photo-patches")
        whole, test = read_archive(archive, TRAIN_FILES), read_archive(archive, TEST_FILES)
    train, valid = holdout(whole, source.valid, seed)
    return Splits("cifar10", train, valid, test, CLASSES, ["red", "green", "blue"])


def read_archive(path: Path, names: list[str]) -> Examples:
    """Read files of the archive into memory; nothing is written to the disk, so no path in it can lead astray.

    Args:
        path: a tar archive compressed with gzip.
        names: the files to read, in this order.

    Raises:
        DataError: the archive is damaged, a file is missing, or one does not hold images with labels from 0 to 9.
    """
    content = b""
    try:
        with tarfile.open(path, "r:gz") as archive:
            for name in names:
                member = archive.extractfile(name)
                content += member.read() if member else b""
    except (tarfile.TarError, KeyError, *DAMAGED) as error:
        raise DataError(f"{path} is not the published archive: {error}. Replace it.") from error
    if not content or len(content) % RECORD:
        raise DataError(
            f"{path} should hold images of {RECORD} bytes each, but holds {len(content)} bytes. Replace it."
        )
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, RECORD)
    labels = torch.from_numpy(records[:, 0].astype(np.int64))
    if int(labels.max()) >= len(CLASSES):
        raise DataError(f"{path} should hold labels from 0 to 9, but holds {int(labels.max())}. Replace it.")
    return Examples(torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255), labels)


def read_torchvision(folder: Path, *, train: bool) -> Examples:
    """Read one part from the folder that torchvision unpacked: pickles, opened only after their MD5s are verified.

    Raises:
        DataError: a file is missing or is not the published one.
    """
    from torchvision.datasets import CIFAR10  # here, since it takes a second to import

    try:
        part = CIFAR10(folder, train=train)
    except (RuntimeError, OSError) as error:
        raise DataError(
            f"{folder / TORCHVISION} does not hold all that torchvision unpacks, unchanged. Move it away, so that "
            "the data can be downloaded; or load 'photo-patches', which needs no download."
        ) from error
    images = torch.from_numpy(part.data).permute(0, 3, 1, 2).contiguous()
    return Examples(images.float() / 255, torch.tensor(part.targets))
