"""A file is replaced whole, by one writer or by several at once."""

import os

import pytest

from helpers import files


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("by_many", [False, True])
def test_replaces_and_leaves_nothing_beside_it(tmp_path, by_many):
    path = tmp_path / "new" / "file"
    for content in (b"a longer first version", b"short", b""):
        files.write_whole(path, content, by_many=by_many)
        assert path.read_bytes() == content
        assert names(path.parent) == ["file"]


@pytest.mark.parametrize("by_many", [False, True])
def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch, by_many):
    """The disk refuses (here: when the content is to be forced to it); the old content stands."""
    path = tmp_path / "file"
    files.write_whole(path, b"old")

    def full(_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        files.write_whole(path, b"new", by_many=by_many)
    assert path.read_bytes() == b"old"


def test_writers_at_once_use_files_of_their_own(tmp_path, monkeypatch):
    """Two processes, stopped between writing and renaming, have written to two places."""
    monkeypatch.setattr(type(tmp_path), "replace", lambda *_: None)
    for process in (1, 2):
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        files.write_whole(tmp_path / "file", str(process).encode(), by_many=True)
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"1", b"2"]


def test_what_a_crash_left_is_overwritten_by_the_next_writer(tmp_path):
    (tmp_path / ".file.tmp").write_bytes(b"half of")
    files.write_whole(tmp_path / "file", b"whole")
    assert names(tmp_path) == ["file"]
