"""Task01 of the Medical Segmentation Decathlon: brain tumors in four MRI contrasts, from NIfTI files."""

import json
import os
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from helpers.data.data_error import DataError
from helpers.data.examples import Examples
from helpers.data.formats.nifti import read_case
from helpers.data.sources.download import Remote, fetch

TASK = "Task01_BrainTumour"
# The archive and its MD5 as MONAI has them; 7.6 GB.
ARCHIVE = Remote(
    f"{TASK}.tar", "240a19d752f0d9e9101544901065d872", ("https://msd-for-monai.s3-us-west-2.amazonaws.com/",)
)
MODALITIES = ["flair", "t1w", "t1gd", "t2w"]  # our channels FLAIR, T1, T1ce, T2
LABELS = {"background": 0, "edema": 1, "non-enhancing tumor": 2, "enhancing tumour": 3}  # name -> our label


@dataclass(frozen=True)
class Task:
    """What dataset.json says.

    Args:
        cases: image and label file of each case.
        mapping: the files' labels -> ours.
        order: the files' channel of each of ours.
    """

    cases: list[tuple[Path, Path]]
    mapping: dict[int, int]
    order: list[int]


def decathlon(seed: int, cache: Path, *, volumes: int, size: int) -> Examples:
    """Cases of Task01, in random order, each brought to (4, size, size, size); see `read_case`.

    Reads one case at a time and keeps what it is brought to, so that all 484 fit into 11 GB of memory at size 96.

    Args:
        seed: decides which cases, and in which order.
        cache: folder that holds Task01_BrainTumour, or in its folder decathlon; or shall hold it there.
        volumes: how many; all 484 if fewer are there.
        size: edge in voxels.

    Raises:
        DataError: if the folder is not there and cannot be downloaded, or a file does not fit.

    Source: Antonelli et al., 2022, The Medical Segmentation Decathlon, Nature Communications 13.
    """
    task = read_task(find(cache))
    order = np.random.default_rng(seed).permutation(len(task.cases))[:volumes]
    if len(order) < 5:
        raise DataError(f"Task01 should have at least 5 cases to divide, but dataset.json names {len(order)}.")
    images = torch.zeros(len(order), len(MODALITIES), size, size, size)
    labels = torch.zeros(len(order), size, size, size, dtype=torch.int64)
    for place, chosen in enumerate(order):
        image, truth = read_case(*task.cases[chosen], size=size, order=task.order, mapping=task.mapping)
        images[place], labels[place] = torch.from_numpy(image), torch.from_numpy(truth)
    return Examples(images, labels)


def find(cache: Path) -> Path:
    """The task's folder, downloaded and unpacked first if it is not there.

    Unpacked beside its place and then renamed: a crash leaves either nothing there or all of it.

    Raises:
        DataError: if the archive cannot be had, or is not the task's.
    """
    folder = cache / "decathlon"
    for place in (folder / TASK, cache / TASK):
        if os.path.lexists(place):
            return place
    readers_own = os.path.lexists(folder / ARCHIVE.name)
    archive = fetch(ARCHIVE, folder, instead="phantoms", elsewhere=[cache])
    try:
        _unpack(archive, folder / TASK)
    except (tarfile.TarError, OSError) as error:
        raise DataError(f"{archive} cannot be unpacked in {folder}: {error}. Free its place, or replace it.") from error
    if archive.parent == folder and not readers_own:
        archive.unlink()  # 7.6 GB that say the same again
    return folder / TASK


def _unpack(archive: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as unpacked, tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")  # refuses paths that lead out of the folder
        if not (Path(unpacked) / TASK).is_dir():
            raise DataError(f"{archive} should hold the folder {TASK}, but does not. Replace it.")
        shutil.move(Path(unpacked) / TASK, place)


def read_task(folder: Path) -> Task:
    """Read dataset.json.

    Raises:
        DataError: if it is missing, is no JSON, or names other channels or labels than Task01.
    """
    path = folder / "dataset.json"
    if not path.exists():
        raise DataError(
            f"{folder} should hold dataset.json, imagesTr and labelsTr, but has no dataset.json. Put the whole "
            f"folder {TASK} there, or remove it to have it downloaded; or load 'phantoms', which need no files."
        )
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
        named = {int(number): str(name).strip().lower() for number, name in content["labels"].items()}
        channels = {str(name).strip().lower(): int(number) for number, name in content["modality"].items()}
        cases = [(folder / case["image"], folder / case["label"]) for case in content["training"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not the dataset.json of a Decathlon task: {error!r}. Download it again.") from error
    if sorted(named.values()) != sorted(LABELS) or sorted(channels) != sorted(MODALITIES):
        raise DataError(
            f"{path} should name the labels {', '.join(LABELS)} and the modalities {', '.join(MODALITIES)}, but "
            f"names {', '.join(named.values())} and {', '.join(channels)}. Is it another task?"
        )
    mapping = {number: LABELS[name] for number, name in named.items()}
    return Task(cases, mapping, [channels[name] for name in MODALITIES])
