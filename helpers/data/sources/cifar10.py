"""CIFAR-10: 60,000 color photographs of ten classes, read from the archive that its authors published."""

import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from helpers.data.data_error import DataError
from helpers.data.examples import Examples
from helpers.data.sources.download import Remote, fetch
from helpers.data.splits import Splits, holdout

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
RECORD = 1 + 3 * 32 * 32  # bytes: the label, then the red, the green and the blue plane, each row by row
MOST_RECORDS = 10_000  # in one file; a larger one is not CIFAR-10
FOLDER = "cifar-10-batches-bin"
TRAIN_FILES = [f"{FOLDER}/data_batch_{number}.bin" for number in range(1, 6)]
TEST_FILES = [f"{FOLDER}/test_batch.bin"]
# The binary version: plain bytes, where the Python version is a pickle, which can run code when it is read.
ARCHIVE = Remote("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", ("https://www.cs.toronto.edu/~kriz/",))


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
    """Fetch and read the archive, and take the validation set from the training images.

    Raises:
        DataError: the archive cannot be had, or does not hold what it should.
    """
    path = fetch(source.archive, cache / "cifar10", instead="photo-patches")
    files = read_members(path, [*TRAIN_FILES, *TEST_FILES])
    train, valid = holdout(_examples(files, TRAIN_FILES, path), source.valid, seed)
    return Splits("cifar10", train, valid, _examples(files, TEST_FILES, path), CLASSES, ["red", "green", "blue"])


def read_members(path: Path, names: list[str]) -> dict[str, bytes]:
    """Read files of an archive into memory; nothing is written to the disk, so no path in it can lead astray.

    Args:
        path: a tar archive compressed with gzip.
        names: the regular files to read; all others are skipped.

    Raises:
        DataError: the archive is damaged, or a file is missing or larger than CIFAR-10's are.
    """
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                if member.name in names and member.isfile():
                    found[member.name] = _read(archive, member, path)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(
            f"{path} should be a whole tar.gz archive, but is not: {error}. Remove it, so that it is downloaded again."
        ) from error
    if missing := [name for name in names if name not in found]:
        raise DataError(f"{path} should hold the file {missing[0]}, but does not. Remove it, and load again.")
    return found


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> bytes:
    if member.size > MOST_RECORDS * RECORD:
        raise DataError(
            f"{member.name} in {path} should hold at most {MOST_RECORDS * RECORD} bytes, but holds {member.size}. "
            "Remove the archive, so that it is downloaded again."
        )
    file = archive.extractfile(member)
    return file.read() if file else b""


def _examples(files: dict[str, bytes], names: list[str], path: Path) -> Examples:
    for name in names:
        if not files[name] or len(files[name]) % RECORD:
            raise DataError(
                f"{name} in {path} should hold images of {RECORD} bytes each, but holds {len(files[name])} bytes. "
                "Remove the archive, so that it is downloaded again."
            )
    records = np.frombuffer(b"".join(files[name] for name in names), dtype=np.uint8).reshape(-1, RECORD)
    labels = torch.from_numpy(records[:, 0].astype(np.int64))
    if int(labels.max()) >= len(CLASSES):
        raise DataError(f"{path} should hold labels from 0 to 9, but holds {int(labels.max())}. Remove it.")
    pixels = records[:, 1:].reshape(-1, 3, 32, 32)
    return Examples(torch.from_numpy(pixels.astype(np.float32) / 255), labels)
