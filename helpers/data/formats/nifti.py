"""Scans from NIfTI files: the same way up, cropped to the head, at one size."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from helpers.data.data_error import DataError
from helpers.data.formats.gzipped import read_unpacked
from helpers.data.transforms.normalize import standardize_inside

Image = NDArray[np.float32]
Labels = NDArray[np.int64]
WHOLE_WITHIN = 0.01  # how far from a whole number a label may be written
BRATS = (
    "In the files of BraTS itself, 4 is the enhancing tumor, and 1 and 2 have each other's meaning. "
    'If these are such files, say so in dataset.json: "labels": {"0": "background", "1": "non-enhancing tumor", '
    '"2": "edema", "4": "enhancing tumour"}.'
)
AXES = ("S", "P", "R")  # depth grows upwards, height towards the back, width to the right


def read_case(
    image_path: Path, label_path: Path, *, size: int, order: Sequence[int], mapping: Mapping[int, int]
) -> tuple[Image, Labels]:
    """One scan and its labels, turned upright, cropped to the head, resampled, standardized.

    Args:
        image_path: NIfTI of shape (x, y, z, channels), gzipped or not; 0 outside the head.
        label_path: NIfTI of shape (x, y, z), on the same grid; axes of length 1 behind are left out.
        size: edge of the result in voxels. The head's longest side fills it; the voxels become cubes.
        order: for each channel of the result, the file's.
        mapping: the file's labels -> those of the result.

    Returns:
        Image (C, size, size, size) float32, mean 0 and standard deviation 1 inside the head in each channel and 0
        outside; labels (size, size, size) int64. Axes: see `AXES`.

    Raises:
        DataError: if a file is missing or damaged, or the two do not fit together.
    """
    (image, affine, spacing), (labels, label_affine, _) = _read(image_path, 4), _read(label_path, 3)
    if image.shape[:3] != labels.shape or not np.allclose(affine, label_affine, atol=1e-2):
        raise DataError(
            f"{image_path} and {label_path} should lie on one grid, but have shapes {image.shape[:3]} and "
            f"{labels.shape}, or affines that differ. Download both again."
        )
    if image.shape[3] != len(order):
        raise DataError(f"{image_path} should have {len(order)} channels, but has {image.shape[3]}.")
    image = np.moveaxis(image, 3, 0)[list(order)]
    truth = _mapped(labels, mapping, label_path)
    box = _head(image, image_path)
    image, truth = image[(slice(None), *box)], truth[box]
    image, truth = _resampled(image, truth, spacing, size)
    return standardize_inside(image, (image != 0).any(axis=0)), truth


def _read(path: Path, axes: int) -> tuple[Image, NDArray[np.float64], tuple[float, ...]]:
    """The values of a file turned upright, its affine, and its voxels' edges in mm."""
    import nibabel as nib  # here, since only this data set needs it
    from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

    content = read_unpacked(_there(path))  # to the end, where gzip keeps its checksum; nibabel would stop before
    try:
        file: Any = nib.Nifti1Image.from_bytes(content)
        if file.get_data_dtype().kind not in "iuf":
            raise ValueError(f"its voxels should be numbers, but are {file.get_data_dtype()}")
        found, wanted = io_orientation(file.affine), axcodes2ornt(AXES)  # type: ignore[no-untyped-call]
        upright = file.as_reoriented(ornt_transform(found, wanted))  # type: ignore[no-untyped-call]
        values = np.asarray(upright.dataobj, dtype=np.float32)
        spacing = tuple(map(float, nib.affines.voxel_sizes(upright.affine)))  # type: ignore[no-untyped-call]
    except Exception as error:  # a header can be wrong in many ways, and nibabel has an error for each
        raise DataError(f"{path} cannot be read as NIfTI: {error}. Download or copy it again.") from error
    values = values.reshape(*values.shape[:3], *(length for length in values.shape[3:] if length > 1))
    if values.ndim != axes:
        raise DataError(f"{path} should have {axes} axes, but has shape {file.shape}.")
    if min(spacing) <= 0 or not np.isfinite(upright.affine).all():
        raise DataError(
            f"{path} should say where its voxels lie, but has voxels of {spacing} mm. Download or copy it again."
        )
    _check_finite(values, path)
    return values, upright.affine, spacing


def _there(path: Path) -> Path:
    """The path, or that of the same file unpacked."""
    for there in (path, path.with_suffix("") if path.suffix == ".gz" else path):
        if there.exists():
            return there
    raise DataError(f"{path} is missing, but dataset.json names it. Download or copy the whole folder again.")


def _check_finite(values: Image, path: Path) -> None:
    if wrong := np.count_nonzero(~np.isfinite(values)):
        raise DataError(
            f"{path} holds {wrong} voxels that are NaN or infinite, and one would spoil its whole channel. If they lie "
            "outside the head, write the file again with 0 there; otherwise take the case out of dataset.json."
        )


def _mapped(labels: Image, mapping: Mapping[int, int], path: Path) -> Labels:
    """The labels as those of the result. Some programs write 0.99999 for 1."""
    whole = np.rint(labels)
    if np.abs(labels - whole).max() > WHOLE_WITHIN:
        raise DataError(
            f"{path} should hold whole numbers as labels, but holds values between them, as interpolation makes "
            "them. Resample labels by nearest neighbor."
        )
    if unknown := [int(value) for value in np.unique(whole) if value not in mapping]:
        brats = BRATS if 4 in unknown else "Correct the file, or name its labels in dataset.json."
        raise DataError(f"{path} should hold the labels {sorted(mapping)}, but holds {unknown[:5]}, too. {brats}")
    result = np.zeros(labels.shape, dtype=np.int64)
    for theirs, ours in mapping.items():
        result[whole == theirs] = ours
    return result


def _head(image: Image, path: Path) -> tuple[slice, ...]:
    """The smallest box around everything that is not 0."""
    there = (image != 0).any(axis=0)
    if not there.any():
        raise DataError(f"{path} is 0 everywhere. Download or copy it again.")
    spans = [np.flatnonzero(there.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    return tuple(slice(int(span[0]), int(span[-1]) + 1) for span in spans)


def _resampled(image: Image, labels: Labels, spacing: Sequence[float], size: int) -> tuple[Image, Labels]:
    """Cubes for voxels, as large as the longest side needs; what the shorter sides leave free is 0."""
    lengths = [count * edge for count, edge in zip(labels.shape, spacing, strict=True)]  # in mm
    shape = [max(1, round(length / max(lengths) * size)) for length in lengths]
    shrinks = all(new <= old for new, old in zip(shape, labels.shape, strict=True))
    # An average over what a larger voxel covers; a point picked from the middle would be noisier, and would alias.
    how = "area" if shrinks else "trilinear"
    scan = F.interpolate(torch.from_numpy(np.ascontiguousarray(image))[None], shape, mode=how)[0]
    truth = F.interpolate(torch.from_numpy(labels)[None, None].float(), shape, mode="nearest-exact")[0, 0]
    before = [(size - edge) // 2 for edge in shape]
    place = tuple(slice(start, start + edge) for start, edge in zip(before, shape, strict=True))
    image = np.zeros((len(scan), size, size, size), dtype=np.float32)
    labels = np.zeros((size, size, size), dtype=np.int64)
    image[(slice(None), *place)], labels[place] = scan.numpy(), truth.long().numpy()
    return image, labels
