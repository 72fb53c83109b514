"""Task01 from small NIfTI files that these tests write: turned, stretched, wrong, missing."""

import io
import json
import tarfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from helpers import data
from helpers.data.formats.nifti import read_case
from helpers.data.sources import decathlon
from helpers.data.sources.download import Remote

MODALITY = {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}
LABELS = {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"}
SAME = {0: 0, 1: 1, 2: 2, 3: 3}


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


def read(paths, size=10, order=(0, 1, 2, 3), mapping=SAME):
    return read_case(*paths, size=size, order=order, mapping=mapping)


def write_task(cache, cases=6, **content):
    folder = cache / "decathlon" / decathlon.TASK
    training = []
    for number in range(cases):
        image, labels = scan(seed=number)
        write(folder / f"imagesTr/BRATS_{number:03d}.nii.gz", image)
        write(folder / f"labelsTr/BRATS_{number:03d}.nii.gz", labels)
        name = f"BRATS_{number:03d}.nii.gz"
        training.append({"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"})
    described = {"labels": LABELS, "modality": MODALITY, "training": training} | content
    (folder / "dataset.json").write_text(json.dumps(described), encoding="utf-8")
    return folder


def test_shapes_axes_and_intensities(tmp_path):
    image, labels = scan((12, 10, 8))  # the head is 10 x 8 x 6
    found, truth = read(case(tmp_path, image, labels))
    assert (found.shape, found.dtype, truth.shape, truth.dtype) == ((4, 10, 10, 10), np.float32, (10,) * 3, np.int64)
    head = (found != 0).any(axis=0)
    spans = [np.flatnonzero(head.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    assert [len(span) for span in spans] == [6, 8, 10]  # depth is z, height is y, width is x
    assert [int(span[0]) for span in spans] == [2, 1, 0]  # in the middle
    np.testing.assert_allclose(found[:, head].mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(found[:, head].std(axis=1), 1, atol=1e-5)
    # RAS voxel (x, y, z) = (4, 4, 3) is enhancing: depth up, height to the back (reversed y), width to the right
    assert truth[2 + 3 - 1, 1 + (8 - 1) - (4 - 1), 4 - 1] == 3
    assert np.bincount(truth.ravel()).tolist() == [1000 - 36, 36 - 3, 1, 2]


@pytest.mark.parametrize("axcodes", ["LPS", "RAS", "SRA", "AIL", "PIR"])
def test_a_file_that_is_turned_or_mirrored_reads_the_same(tmp_path, axcodes):
    image, labels = scan()
    upright = read(case(tmp_path / "upright", image, labels))
    turned = read(case(tmp_path / "turned", image, labels, axcodes=axcodes))
    for first, second in zip(upright, turned, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_voxels_become_cubes(tmp_path):
    """A head of 10 x 8 x 6 voxels, each 1 x 1 x 2 mm: 10 x 8 x 12 mm."""
    image, labels = scan()
    found, truth = read(case(tmp_path, image, labels, spacing=(1.0, 1.0, 2.0)), size=24)
    head = (found != 0).any(axis=0)
    assert [int(head.any(axis=other).sum()) for other in ((1, 2), (0, 2), (0, 1))] == [24, 16, 20]
    enhancing = [np.flatnonzero((truth == 3).any(axis=other)).size for other in ((1, 2), (0, 2), (0, 1))]
    assert enhancing == [4, 2, 4]  # 2 mm deep, 1 mm high, 2 mm wide at two voxels to the millimeter


def test_shrinking_averages(tmp_path):
    """Half the resolution: each voxel is the mean of eight, and none is picked from among them."""
    image = np.random.default_rng(0).uniform(10, 100, (8, 8, 8, 4)).astype(np.float32)
    found, _ = read(case(tmp_path, image, np.zeros((8, 8, 8), np.uint8)), size=4)
    means = image.reshape(4, 2, 4, 2, 4, 2, 4).mean(axis=(1, 3, 5))  # (x, y, z, channels)
    upright = means.transpose(3, 2, 1, 0)[:, :, ::-1]  # depth up, height to the back, width to the right
    axes = (1, 2, 3)
    expected = (upright - upright.mean(axis=axes, keepdims=True)) / upright.std(axis=axes, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_channels_and_labels_are_put_in_our_order(tmp_path):
    image, labels = scan()
    paths = case(tmp_path, image, labels)
    found, truth = read(paths)
    other, swapped = read(paths, order=(3, 2, 1, 0), mapping={0: 0, 1: 1, 2: 3, 3: 2})
    np.testing.assert_array_equal(other, found[::-1])
    assert np.array_equal(swapped == 2, truth == 3)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda i, _: i.unlink(), "image.nii.gz is missing, but dataset.json names it"),
        (lambda _, t: t.unlink(), "label.nii.gz is missing"),
        (lambda i, _: i.write_bytes(i.read_bytes()[:200]), "cannot be read as NIfTI"),
        (lambda i, _: i.write_bytes(b"not at all"), "cannot be read as NIfTI"),
        (lambda i, _: write(i, scan()[0][..., 0]), r"should have 4 axes, but has shape \(12, 10, 8\)"),
        (lambda i, _: write(i, scan()[0][..., :3]), "should have 4 channels, but has 3"),
        (lambda _, t: write(t, scan()[0]), "should have 3 axes"),
        (lambda _, t: write(t, scan((12, 10, 9))[1]), "should lie on one grid"),
        (lambda _, t: write(t, scan()[1], spacing=(1.0, 1.0, 2.0)), "should lie on one grid"),
        (lambda _, t: write(t, scan()[1] + np.uint8(4)), r"labels \[0, 1, 2, 3\], but holds \[4.0"),
        (lambda i, _: write(i, np.zeros((12, 10, 8, 4), np.float32)), "is 0 everywhere"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(tmp_path, spoil, message):
    paths = case(tmp_path, *scan())
    spoil(*paths)
    with pytest.raises(data.DataError, match=message):
        read(paths)


def test_the_whole_task_from_a_folder_that_is_there(tmp_path):
    write_task(tmp_path, cases=6)
    splits = data.load_volumes("decathlon", seed=0, volumes=5, size=8, cache=tmp_path)
    assert [len(part) for part in (splits.train, splits.valid, splits.test)] == [3, 1, 1]
    assert splits.train.inputs.shape == (3, 4, 8, 8, 8)
    assert (splits.train.inputs.dtype, splits.train.targets.dtype) == (torch.float32, torch.int64)
    again = data.load_volumes("decathlon", seed=0, volumes=5, size=8, cache=tmp_path)
    other = data.load_volumes("decathlon", seed=1, volumes=5, size=8, cache=tmp_path)
    assert torch.equal(again.train.inputs, splits.train.inputs)
    assert not torch.equal(other.train.inputs, splits.train.inputs)


def test_labels_and_channels_go_by_name(tmp_path):
    folder = write_task(
        tmp_path,
        labels={"0": "background", "1": "Enhancing tumour", "2": "edema", "3": "non-enhancing tumor"},
        modality={"0": "T2w", "1": "FLAIR", "2": "T1w", "3": "t1gd"},
    )
    task = decathlon.read_task(folder)
    assert task.mapping == {0: 0, 1: 3, 2: 1, 3: 2}
    assert task.order == [1, 2, 3, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"labels": {"0": "background", "1": "cancer"}}, "Is it another task"),
        ({"modality": {"0": "CT"}}, "Is it another task"),
        ({"training": [{"picture": "a"}]}, "is not the dataset.json of a Decathlon task: KeyError"),
        ({"training": []}, "at least 5 cases to divide, but dataset.json names 0"),
        ({"labels": ["background"]}, "is not the dataset.json"),
    ],
)
def test_another_dataset_json_is_refused(tmp_path, content, message):
    write_task(tmp_path, cases=1, **content)
    with pytest.raises(data.DataError, match=message):
        data.load_volumes("decathlon", volumes=5, size=8, cache=tmp_path)


def test_a_folder_without_dataset_json_says_what_to_do(tmp_path):
    folder = write_task(tmp_path)
    (folder / "dataset.json").unlink()
    with pytest.raises(data.DataError, match=r"has no dataset\.json\. Put the whole folder Task01_BrainTumour there"):
        data.load_volumes("decathlon", cache=tmp_path)
    (folder / "dataset.json").write_text("{", encoding="utf-8")
    with pytest.raises(data.DataError, match=r"is not the dataset\.json"):
        data.load_volumes("decathlon", cache=tmp_path)


def packed(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def serve(server, monkeypatch, md5_of):
    def give(content):
        server.files["/Task01_BrainTumour.tar"] = content
        remote = Remote("Task01_BrainTumour.tar", md5_of(content), (server.url + "/",))
        monkeypatch.setattr(decathlon, "ARCHIVE", remote)

    return give


@pytest.fixture
def md5_of():
    from idx_files import md5

    return md5


def test_a_download_is_verified_unpacked_and_kept(tmp_path, serve, server):
    folder = write_task(tmp_path / "made")
    files = {str(path.relative_to(folder.parent)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    serve(packed(files))
    for _ in range(2):
        splits = data.load_volumes("decathlon", volumes=5, size=8, cache=tmp_path / "cache")
    assert len(splits.train) == 3
    assert server.asked == ["/Task01_BrainTumour.tar"]
    assert [path.name for path in (tmp_path / "cache" / "decathlon").iterdir()] == [decathlon.TASK]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (packed({"../outside.txt": b"x"}), "cannot be unpacked"),
        (packed({"Task02_Heart/dataset.json": b"{}"}), "should hold the folder Task01_BrainTumour"),
        (b"no archive", "cannot be unpacked"),
    ],
    ids=["leads out of the folder", "another task", "no archive"],
)
def test_an_archive_that_is_not_right_leaves_nothing(tmp_path, serve, content, message):
    serve(content)
    with pytest.raises(data.DataError, match=message):
        data.load_volumes("decathlon", volumes=5, size=8, cache=tmp_path)
    assert [path.name for path in (tmp_path / "decathlon").iterdir()] == ["Task01_BrainTumour.tar"]
    assert not (tmp_path / "outside.txt").exists()


def test_without_a_network_the_error_names_a_way_on(tmp_path, serve, server):
    serve(b"x")
    server.files.clear()
    with pytest.raises(data.DataError, match="or load 'phantoms', which needs no download"):
        data.load_volumes("decathlon", cache=tmp_path)


def test_the_archive_is_monais():
    from monai.apps import DecathlonDataset

    assert decathlon.ARCHIVE.md5 == DecathlonDataset.md5[decathlon.TASK]
    assert decathlon.ARCHIVE.mirrors[0] + decathlon.ARCHIVE.name == DecathlonDataset.resource[decathlon.TASK]
