"""The U-Net chapter runs from end to end on scans in the Decathlon's format, which this test writes."""

import json

import nibabel as nib
import numpy as np
import papermill
import pytest

from book import notebooks
from book.notebooks import CHAPTERS
from helpers.data.sources.decathlon import TASK
from helpers.data.sources.phantoms import phantom

CASES, SIZE = 10, 24
DESCRIBED = {
    "labels": {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"},
    "modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"},
}
# A network trained for a few passes on six heads need not be good.
LEARNED = ("Dice", "gain", "attention")


def write_scan(folder, number):
    """A head whose axes are x, y, z and channel, with integer brightness, as scanners have it; as LPS, or RAS."""
    image, labels = phantom((SIZE, SIZE + 2, SIZE + 4), np.random.default_rng([1, number]), lesion=True)
    inside = (image != 0).any(axis=0)
    bright = np.where(inside, np.round(200 + 50 * image), 0).clip(0, None).astype(np.int16)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0] if number % 2 else [1.0, 1.0, 1.0, 1.0])
    name = f"BRATS_{number:03d}.nii.gz"
    nib.save(nib.Nifti1Image(bright.transpose(3, 2, 1, 0), affine), folder / "imagesTr" / name)
    nib.save(nib.Nifti1Image(labels.transpose(2, 1, 0).astype(np.uint8), affine), folder / "labelsTr" / name)
    return {"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"}


@pytest.fixture
def scans(tmp_path, monkeypatch):
    """A cache of downloads that holds a small Task01."""
    folder = tmp_path / "decathlon" / TASK
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    training = [write_scan(folder, number) for number in range(CASES)]
    (folder / "dataset.json").write_text(json.dumps({**DESCRIBED, "training": training}), encoding="utf-8")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))


@pytest.mark.usefixtures("scans")
def test_the_chapter_runs_on_scans(tmp_path):
    small = {"dataset": "decathlon", "volumes": 20, "size": SIZE, "epochs": 4, "batch_size": 1, "width": 4, "seeds": 2}
    papermill.execute_notebook(
        CHAPTERS / "u-net.ipynb", tmp_path / "out.ipynb", small, cwd=CHAPTERS, kernel_name="python3", progress_bar=False
    )
    claims = notebooks.claims(notebooks.read(tmp_path / "out.ipynb"))
    assert [c for c in claims if not c["passed"] and not any(word in c["name"] for word in LEARNED)] == []
