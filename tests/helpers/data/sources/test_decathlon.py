"""Task01 from small NIfTI files that these tests write: a folder, an archive, another task."""

import gzip
import io
import json
import tarfile

import pytest
import torch
from idx_files import md5
from nifti_files import scan, write

from helpers import data
from helpers.data.sources import decathlon
from helpers.data.sources.download import Remote

MODALITY = {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}
LABELS = {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"}


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
def serve(server, monkeypatch):
    def give(content):
        server.files["/Task01_BrainTumour.tar"] = content
        remote = Remote("Task01_BrainTumour.tar", md5(content), (server.url + "/",))
        monkeypatch.setattr(decathlon, "ARCHIVE", remote)

    return give


def archive_of_a_task(tmp_path):
    folder = write_task(tmp_path / "made")
    return packed(
        {str(path.relative_to(folder.parent)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    )


def test_a_download_is_verified_unpacked_and_kept(tmp_path, serve, server):
    serve(archive_of_a_task(tmp_path))
    for _ in range(2):
        splits = data.load_volumes("decathlon", volumes=5, size=8, cache=tmp_path / "cache")
    assert len(splits.train) == 3
    assert server.asked == ["/Task01_BrainTumour.tar"]
    assert [path.name for path in (tmp_path / "cache" / "decathlon").iterdir()] == [decathlon.TASK]


@pytest.mark.parametrize("place", [".", "decathlon"])
def test_the_readers_own_archive_stays(tmp_path, serve, server, place):
    content = archive_of_a_task(tmp_path)
    serve(content)
    own = tmp_path / "cache" / place / "Task01_BrainTumour.tar"
    own.parent.mkdir(parents=True)
    own.write_bytes(content)
    data.load_volumes("decathlon", volumes=5, size=8, cache=tmp_path / "cache")
    assert own.read_bytes() == content
    assert server.asked == []


def test_a_folder_without_the_folder_decathlon_serves(tmp_path, serve, server):
    serve(b"x")
    folder = write_task(tmp_path)
    folder.rename(tmp_path / decathlon.TASK)
    assert len(data.load_volumes("decathlon", volumes=5, size=8, cache=tmp_path).train) == 3
    assert server.asked == []


def test_unpacked_scans_serve(tmp_path):
    folder = write_task(tmp_path)
    before = data.load_volumes("decathlon", volumes=5, size=8, cache=tmp_path)
    for path in folder.rglob("*.nii.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    after = data.load_volumes("decathlon", volumes=5, size=8, cache=tmp_path)
    assert torch.equal(after.train.inputs, before.train.inputs)


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
