"""Scans in NIfTI files, made here."""

from pathlib import Path

import nibabel as nib
import numpy as np


def scan(shape=(12, 10, 8), seed=0):
    """An image (x, y, z, 4) with a head that fills the middle, and labels (x, y, z), both in RAS."""
    rng = np.random.default_rng(seed)
    image = np.zeros((*shape, 4), dtype=np.float32)
    inside = tuple(slice(1, edge - 1) for edge in shape)
    image[inside] = rng.uniform(10, 100, (*(edge - 2 for edge in shape), 4))
    labels = np.zeros(shape, dtype=np.uint8)
    labels[3:7, 3:6, 2:5] = 1
    labels[4:6, 4:5, 3:4] = 3
    labels[3, 3, 2] = 2
    return image, labels


def write(path: Path, values, spacing=(1.0, 1.0, 1.0), axcodes="RAS"):
    """Write RAS values as a file whose axes run otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = nib.Nifti1Image(values, np.diag([*spacing, 1.0]))
    turn = nib.orientations.axcodes2ornt(tuple(axcodes))
    nib.save(file.as_reoriented(nib.orientations.ornt_transform(nib.orientations.axcodes2ornt("RAS"), turn)), path)


def case(tmp_path, image, labels, **how):
    write(tmp_path / "image.nii.gz", image, **how)
    write(tmp_path / "label.nii.gz", labels, **how)
    return tmp_path / "image.nii.gz", tmp_path / "label.nii.gz"
