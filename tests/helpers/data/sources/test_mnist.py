import gzip

import pooch
import pytest
import torch
from idx_files import idx_bytes, md5, packed
from torchvision.datasets import MNIST, FashionMNIST

from helpers import data
from helpers.data.sources import mnist
from helpers.data.sources.download import Remote
from helpers.data.sources.mnist import Source, load_source

CLASSES = ["zero", "one", "two"]
NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def contents(train=60, test=9):
    """The four files: image i is filled with the byte i, and its label is i modulo 3."""
    parts = []
    for rows in (train, test):
        parts.append(packed(idx_bytes((rows, 28, 28), b"".join(bytes([i]) * 784 for i in range(rows)))))
        parts.append(packed(idx_bytes((rows,), bytes(i % 3 for i in range(rows)))))
    return parts


def unpacked(part):
    return gzip.decompress(part) if part.startswith(b"\x1f\x8b") else part


def source(server, parts, valid=15):
    for name, content in zip(NAMES, parts, strict=True):
        server.files[f"/{name}"] = content
    files = tuple(
        Remote(name, md5(part), (server.url + "/",), md5(unpacked(part)))
        for name, part in zip(NAMES, parts, strict=True)
    )
    return Source("mnist", files, "MNIST", CLASSES, valid)


def test_the_test_set_is_kept_and_validation_comes_from_training(server, tmp_path):
    splits = load_source(source(server, contents()), 0, tmp_path)
    assert (splits.name, splits.classes, splits.features) == ("mnist", CLASSES, ["ink"])
    assert [len(part) for part in (splits.train, splits.valid, splits.test)] == [45, 15, 9]
    assert splits.test.targets.tolist() == [i % 3 for i in range(9)]
    torch.testing.assert_close(splits.test.inputs[:, 0, 0, 0], torch.arange(9) / 255)
    rows = torch.cat([splits.train.inputs, splits.valid.inputs])[:, 0, 13, 13].mul(255).round().long()
    assert sorted(rows.tolist()) == list(range(60))
    assert torch.equal(rows % 3, torch.cat([splits.train.targets, splits.valid.targets]))
    assert splits.valid.targets.bincount().tolist() == [5, 5, 5]
    assert splits.train.inputs.shape == (45, 1, 28, 28)
    assert (splits.train.inputs.dtype, splits.train.targets.dtype) == (torch.float32, torch.int64)
    assert sorted(path.name for path in (tmp_path / "mnist").iterdir()) == sorted(NAMES)


def test_the_seed_decides_the_validation_set(server, tmp_path):
    files = source(server, contents())
    first, again, other = (load_source(files, seed, tmp_path) for seed in (0, 0, 1))
    assert torch.equal(first.valid.inputs, again.valid.inputs)
    assert not torch.equal(first.valid.inputs, other.valid.inputs)
    assert torch.equal(first.test.inputs, other.test.inputs)
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("place", "content", "message"),
    [
        (1, packed(idx_bytes((59,), bytes(59))), r"holds 60 images, but .*labels.* 59 labels\. Replace both"),
        (3, packed(idx_bytes((9,), bytes([0, 1, 2, 3] + [0] * 5))), "labels from 0 to 2, but holds 3"),
        (0, packed(idx_bytes((60,), bytes(60))), "3 dimensions"),
        (2, b"nothing of the kind", "should begin with the bytes 00 00 08 03"),
    ],
    ids=["fewer labels", "label too large", "labels for images", "not gzip"],
)
def test_files_that_do_not_fit_are_refused(server, tmp_path, place, content, message):
    parts = contents()
    parts[place] = content
    with pytest.raises(data.DataError, match=message):
        load_source(source(server, parts), 0, tmp_path)


@pytest.mark.parametrize("folder", ["mnist", "mnist/raw", "MNIST/raw"])
@pytest.mark.parametrize("packing", ["as published", "anew", "unpacked"])
def test_files_that_the_reader_has_serve_offline(server, tmp_path, folder, packing):
    parts = contents()
    wanted = source(server, parts)
    (tmp_path / folder).mkdir(parents=True)
    pack = {"as published": packed, "anew": lambda content: gzip.compress(content, 1), "unpacked": bytes}[packing]
    for name, part in zip(NAMES, parts, strict=True):
        own = name.removesuffix(".gz") if packing == "unpacked" else name
        (tmp_path / folder / own).write_bytes(pack(unpacked(part)))
    splits = load_source(wanted, 0, tmp_path)
    assert splits.test.targets.tolist() == [i % 3 for i in range(9)]
    assert server.asked == []
    assert not list(tmp_path.rglob("*.damaged"))


@pytest.mark.parametrize(("name", "theirs"), [("mnist", MNIST), ("fashion-mnist", FashionMNIST)])
def test_the_real_sources_are_torchvisions_over_https(monkeypatch, tmp_path, name, theirs):
    """What `load` asks for, caught before it asks the network."""
    asked = []

    def caught(what, seed, cache):
        asked.append((what, seed, cache))
        return data.load("digits")

    monkeypatch.setattr(mnist, "load_source", caught)
    data.load(name, seed=5, cache=tmp_path)
    ((what, seed, cache),) = asked
    assert (what.name, what.valid, seed, cache) == (name, 10_000, 5, tmp_path)
    assert tuple(remote.name for remote in what.files) == NAMES
    assert {remote.name: remote.md5 for remote in what.files} == dict(theirs.resources)
    assert what.torchvision_folder == theirs.__name__
    assert all(len(remote.content_md5) == 32 for remote in what.files)
    for remote in what.files:
        assert remote.mirrors
        assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in remote.mirrors)
    assert len(what.classes) == 10


def test_load_reads_the_variable_and_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))

    def refused(*_, **__):
        raise ConnectionError("no network in this test")

    monkeypatch.setattr(pooch, "retrieve", refused)
    with pytest.raises(data.DataError) as caught:
        data.load("fashion-mnist")
    assert f"train-images-idx3-ubyte.gz is not in {tmp_path / 'fashion-mnist'}" in str(caught.value)
    assert "or load 'digits'" in str(caught.value)
