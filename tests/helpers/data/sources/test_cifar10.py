"""CIFAR-10 from small archives in the true format, behind a real server."""

import gzip
import io
import pickle
import tarfile

import numpy as np
import pytest
import torch
from idx_files import md5
from torchvision.datasets import CIFAR10

from helpers import data
from helpers.data.sources.cifar10 import ARCHIVE, CLASSES, Source, load_source
from helpers.data.sources.download import Remote

NAMES = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]


def record(label, value):
    """One image: red is `value`, green is value + 1, blue counts along the first row and is zero below it."""
    blue = bytes(range(32)) + bytes(31 * 32)
    return bytes([label]) + bytes([value]) * 1024 + bytes([value + 1]) * 1024 + blue


def members(per_file=20):
    """The six files; image i of all has the label i modulo 10 and the value i."""
    numbers = range(6 * per_file)
    records = [record(i % 10, i) for i in numbers]
    return {name: b"".join(records[at * per_file : (at + 1) * per_file]) for at, name in enumerate(NAMES)}


def archive(files, folder="cifar-10-batches-bin"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}" if folder else name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def source(server, content, valid=30):
    server.files["/cifar-10-binary.tar.gz"] = content
    return Source(Remote("cifar-10-binary.tar.gz", md5(content), (server.url + "/",)), valid)


def test_reads_planes_labels_and_splits(server, tmp_path):
    splits = load_source(source(server, archive(members())), 0, tmp_path)
    assert (splits.name, splits.classes, splits.features) == ("cifar10", CLASSES, ["red", "green", "blue"])
    assert [len(part) for part in (splits.train, splits.valid, splits.test)] == [70, 30, 20]
    assert (splits.train.inputs.dtype, splits.train.targets.dtype) == (torch.float32, torch.int64)
    assert splits.test.targets.tolist() == [i % 10 for i in range(100, 120)]
    image = splits.test.inputs[3]  # value 103
    assert image.shape == (3, 32, 32)
    torch.testing.assert_close(image[0], torch.full((32, 32), 103 / 255))
    torch.testing.assert_close(image[1], torch.full((32, 32), 104 / 255))
    torch.testing.assert_close(image[2, 0], torch.arange(32) / 255)
    assert image[2, 1:].abs().max() == 0
    values = torch.cat([splits.train.inputs, splits.valid.inputs])[:, 0, 0, 0].mul(255).round().long()
    assert sorted(values.tolist()) == list(range(100))
    assert torch.equal(values % 10, torch.cat([splits.train.targets, splits.valid.targets]))
    assert splits.valid.targets.bincount().tolist() == [3] * 10
    assert sorted(path.name for path in (tmp_path / "cifar10").iterdir()) == ["cifar-10-binary.tar.gz"]


def test_the_archive_is_asked_for_once(server, tmp_path):
    wanted = source(server, archive(members()))
    first, other = load_source(wanted, 0, tmp_path), load_source(wanted, 1, tmp_path)
    assert len(server.asked) == 1
    assert not torch.equal(first.valid.inputs, other.valid.inputs)
    assert torch.equal(first.test.inputs, other.test.inputs)


def without(name):
    files = members()
    del files[name]
    return archive(files)


def changed(name, content):
    return archive({**members(), name: content})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (without("data_batch_3.bin"), "is not the published archive: .*cifar-10-batches-bin/data_batch_3.bin"),
        (archive(members(), folder=""), "is not the published archive: .*cifar-10-batches-bin/data_batch_1.bin"),
        (archive(members(), folder="../cifar-10-batches-bin"), "is not the published archive"),
        (changed("test_batch.bin", record(1, 1)[:-1]), "images of 3073 bytes each, but holds 3072 bytes"),
        (changed("test_batch.bin", b""), "images of 3073 bytes each, but holds 0 bytes"),
        (changed("test_batch.bin", record(10, 1)), "labels from 0 to 9, but holds 10"),
        (b"nothing of the kind", "is not the published archive"),
        (archive(members())[:500], "is not the published archive"),
        (gzip.compress(b"no archive inside" * 100), "is not the published archive"),
    ],
    ids=[
        "file missing", "no folder", "another folder", "cut short", "empty", "label 10", "not gzip", "half", "not tar"
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(server, tmp_path, content, message):
    with pytest.raises(data.DataError, match=message):
        load_source(source(server, content), 0, tmp_path)


def test_a_link_is_not_followed(server, tmp_path):
    """A link in the place of a file, which would lead out of the archive where it is extracted."""
    buffer = io.BytesIO(gzip.decompress(without("test_batch.bin")))
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        link = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(data.DataError, match=r"is not the published archive"):
        load_source(source(server, gzip.compress(buffer.getvalue())), 0, tmp_path)


@pytest.fixture
def torchvision_folder(monkeypatch):
    """What torchvision leaves after a download, small: six pickles, and their MD5s in torchvision's own lists."""

    def write(root):
        folder = root / CIFAR10.base_folder
        folder.mkdir(parents=True)
        lists = {"train_list": [], "test_list": []}
        for name, content in members().items():
            records = np.frombuffer(content, np.uint8).reshape(-1, 3073)
            batch = pickle.dumps({"data": records[:, 1:], "labels": records[:, 0].tolist()})
            (folder / name.removesuffix(".bin")).write_bytes(batch)
            part = "test_list" if name.startswith("test") else "train_list"
            lists[part].append([name.removesuffix(".bin"), md5(batch)])
        meta = pickle.dumps({"label_names": CLASSES})
        (folder / "batches.meta").write_bytes(meta)
        lists["meta"] = {"filename": "batches.meta", "key": "label_names", "md5": md5(meta)}
        for name, value in lists.items():
            monkeypatch.setattr(CIFAR10, name, value)
        return folder

    return write


@pytest.mark.parametrize("place", [".", "cifar10"])
def test_the_folder_of_torchvision_serves_offline(server, tmp_path, torchvision_folder, place):
    expected = load_source(source(server, archive(members())), 0, tmp_path / "archive")
    torchvision_folder(tmp_path / place)
    server.asked.clear()
    splits = load_source(source(server, archive(members())), 0, tmp_path)
    for part in ("train", "valid", "test"):
        assert torch.equal(getattr(splits, part).inputs, getattr(expected, part).inputs)
        assert torch.equal(getattr(splits, part).targets, getattr(expected, part).targets)
    assert server.asked == []


def test_a_pickle_that_is_not_the_published_one_is_not_opened(server, tmp_path, torchvision_folder):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was opened",))

    (torchvision_folder(tmp_path) / "data_batch_2").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(data.DataError, match=r"does not hold all that torchvision unpacks, unchanged\. Move it away"):
        load_source(source(server, archive(members())), 0, tmp_path)


def test_the_real_source():
    assert ARCHIVE.mirrors == ("https://www.cs.toronto.edu/~kriz/",)
    assert CIFAR10.url.startswith(ARCHIVE.mirrors[0])
    assert len(ARCHIVE.md5) == 32
    assert len(CLASSES) == 10


def test_without_a_network_it_names_the_bundled_data(server, tmp_path):
    gone = Source(Remote("cifar-10-binary.tar.gz", "0" * 32, (server.url + "/",)))
    with pytest.raises(data.DataError, match="load 'photo-patches', which needs no download"):
        load_source(gone, 0, tmp_path)
