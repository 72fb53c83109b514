"""A file is replaced whole, by one writer or by several at once."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import files

MANY_WRITERS = """
import sys
from pathlib import Path
from helpers.files import write_whole
for time in range(150):
    write_whole(Path(sys.argv[1]), sys.argv[2].encode() * 200_000)
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_replaces_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "new" / "file"
    for content in (b"a longer first version", b"short", b""):
        files.write_whole(path, content)
        assert path.read_bytes() == content
        assert names(path.parent) == ["file"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error):
    """The disk refuses, here when the content is to be forced to it."""
    path = tmp_path / "file"
    files.write_whole(path, b"old")

    def full(_):
        raise error

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(type(error)):
        files.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_two_processes_may_save_300_times_and_a_reader_never_meets_a_cut_file(tmp_path):
    path = tmp_path / "file"
    command = [sys.executable, "-c", MANY_WRITERS, path]
    writers = [subprocess.Popen([*command, letter], stderr=subprocess.PIPE, text=True) for letter in "ab"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            content = path.read_bytes()
            assert (len(content), len(set(content))) == (200_000, 1)
            seen.add(content[:1])
    assert [(writer.returncode, writer.stderr.read()) for writer in writers] == [(0, ""), (0, "")]
    assert seen == {b"a", b"b"}
    assert names(tmp_path) == ["file"]


def test_a_symbolic_link_stays_one(tmp_path):
    (tmp_path / "kept").mkdir()
    link = tmp_path / "latest"
    link.symlink_to(Path("kept", "file"))
    for content in (b"first", b"second"):  # to nothing yet, then to a file
        files.write_whole(link, content)
        assert link.is_symlink()
        assert (tmp_path / "kept" / "file").read_bytes() == content


def test_a_file_keeps_its_mode_and_a_new_one_gets_the_usual_one(tmp_path):
    usual, private = tmp_path / "usual", tmp_path / "private"
    usual.touch()
    private.touch(mode=0o640)
    private.chmod(0o640)
    files.write_whole(private, b"")
    files.write_whole(tmp_path / "new", b"")
    assert private.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode


def test_what_a_killed_writer_left_goes_and_what_another_writes_now_stays(tmp_path):
    old, now, other = tmp_path / ".file.a1.tmp", tmp_path / ".file.b2.tmp", tmp_path / ".other.c3.tmp"
    for path in (old, now, other):
        path.write_bytes(b"half of")
    for path in (old, other):
        os.utime(path, (0, 0))
    files.write_whole(tmp_path / "file", b"whole")
    assert names(tmp_path) == [".file.b2.tmp", ".other.c3.tmp", "file"]
