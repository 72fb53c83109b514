import contextlib
import gzip
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pooch
import pytest
from idx_files import md5, packed

from helpers.data import DataError
from helpers.data.sources.download import Remote, cache_folder, fetch

CONTENT = os.urandom(200_000)
NAME = "file.gz"


def remote(*mirrors, content=CONTENT):
    return Remote(NAME, md5(content), mirrors)


def unused_url():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_downloaded_once(server, tmp_path, capsys):
    server.files["/a/file.gz"] = CONTENT
    path = fetch(remote(server.url + "/a/"), tmp_path / "new", instead="digits")
    assert path == tmp_path / "new" / NAME
    assert path.read_bytes() == CONTENT
    assert "100%" in capsys.readouterr().err  # the progress line
    assert fetch(remote(server.url + "/a/"), tmp_path / "new", instead="digits") == path
    assert server.asked == ["/a/file.gz"]
    assert files(tmp_path / "new") == [NAME]


def test_a_file_put_there_by_hand_needs_no_network(tmp_path):
    (tmp_path / NAME).write_bytes(CONTENT)
    assert fetch(remote(unused_url()), tmp_path, instead="digits").read_bytes() == CONTENT


def cut_short(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    handler.wfile.write(CONTENT[: len(CONTENT) // 2])
    handler.close_connection = True


def unwell(handler):
    handler.send_error(503)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "404 Client Error"),
        (unwell, "503 Server Error"),
        (CONTENT[:-1], "came with a wrong MD5; removed"),
        (b"", "came with a wrong MD5; removed"),
        (CONTENT[:500] + b"?" + CONTENT[501:], "came with a wrong MD5; removed"),
        (cut_short, "IncompleteRead"),
    ],
    ids=["missing", "unwell", "truncated", "empty", "damaged", "cut short"],
)
def test_a_bad_mirror_is_left_for_the_next_and_named_if_there_is_none(server, tmp_path, answer, reason):
    server.files |= {"/good/file.gz": CONTENT} | ({"/bad/file.gz": answer} if answer is not None else {})
    with pytest.raises(DataError) as caught:
        fetch(remote(server.url + "/bad/"), tmp_path, instead="digits")
    assert f"tried {server.url}/bad/file.gz: " in str(caught.value)
    assert reason in str(caught.value)
    assert files(tmp_path) == []
    path = fetch(remote(server.url + "/bad/", server.url + "/good/"), tmp_path, instead="digits")
    assert path.read_bytes() == CONTENT
    assert server.asked == ["/bad/file.gz", "/bad/file.gz", "/good/file.gz"]
    assert files(tmp_path) == [NAME]


def test_without_a_network_the_error_says_what_to_do(tmp_path):
    first, second = unused_url(), unused_url()
    with pytest.raises(DataError) as caught:
        fetch(remote(first, second), tmp_path / "mnist", instead="digits")
    lines = str(caught.value).splitlines()
    assert lines[0] == f"file.gz is not in {tmp_path / 'mnist'} and could not be downloaded."
    assert lines[1].startswith(f"  tried {first}file.gz: ConnectionRefusedError: ")
    assert lines[2].startswith(f"  tried {second}file.gz: ConnectionRefusedError: ")
    assert lines[3] == (
        f"Connect to the network; or put the file there by hand (MD5 {md5(CONTENT)}); or set COURSE_DATA to "
        "a folder with mnist/file.gz; or load 'digits', which needs no download."
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"the reader's own", "its MD5 is another"), (b"", "its MD5 is another"), (packed(CONTENT)[:-9], "EOFError: ")],
    ids=["other", "empty", "cut short"],
)
def test_a_file_in_the_way_is_named_and_stays_as_it_is(server, tmp_path, content, reason):
    server.files["/file.gz"] = CONTENT
    (tmp_path / NAME).write_bytes(content)
    wanted = Remote(NAME, md5(CONTENT), (server.url + "/",), md5(CONTENT))
    for _ in range(2):
        with pytest.raises(DataError) as caught:
            fetch(wanted, tmp_path, instead="digits")
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{tmp_path / NAME} is in the way."
    assert lines[1].startswith(f"  {tmp_path / NAME} is not the published file.gz: {reason}")
    assert lines[2].startswith("Move it away, so that it can be downloaded; or set COURSE_DATA to another folder; or ")
    assert (tmp_path / NAME).read_bytes() == content
    assert files(tmp_path) == [NAME]
    assert server.asked == []


@pytest.mark.parametrize("place", [".", "raw"])
@pytest.mark.parametrize(
    ("name", "content"),
    [("file.gz", gzip.compress(CONTENT, 1)), ("file", CONTENT), ("file", packed(CONTENT)), ("file.gz", CONTENT)],
    ids=["packed anew", "unpacked", "packed without the ending", "unpacked with the ending"],
)
def test_the_content_counts_however_it_is_packed(tmp_path, place, name, content):
    (tmp_path / "raw").mkdir()
    path = tmp_path / place / name
    path.write_bytes(content)
    wanted = Remote(NAME, md5(packed(CONTENT)), (unused_url(),), md5(CONTENT))
    assert fetch(wanted, tmp_path, instead="digits", elsewhere=[tmp_path / "raw"]) == path
    path.write_bytes(gzip.compress(CONTENT[:-1]))
    with pytest.raises(DataError, match=f"{name} is not the published file.gz: its MD5 is another; it was left"):
        fetch(wanted, tmp_path, instead="digits", elsewhere=[tmp_path / "raw"])


def test_a_wrong_file_elsewhere_does_not_keep_from_the_right_one(server, tmp_path):
    server.files["/file.gz"] = packed(CONTENT)
    (tmp_path / "file").write_bytes(b"the reader's own")
    wanted = Remote(NAME, md5(packed(CONTENT)), (server.url + "/",), md5(CONTENT))
    assert fetch(wanted, tmp_path, instead="digits").read_bytes() == packed(CONTENT)
    assert (tmp_path / "file").read_bytes() == b"the reader's own"


def test_a_folder_of_somebody_else_gives_a_sentence(server, tmp_path, monkeypatch):
    def refused(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    with pytest.raises(DataError) as caught:
        fetch(remote(server.url + "/"), tmp_path / "mnist", instead="digits")
    assert str(caught.value).splitlines() == [
        f"file.gz is not in {tmp_path / 'mnist'}, and cannot be written there: PermissionError: Permission denied.",
        f"Set COURSE_DATA to a folder of your own; or put the file there by hand (MD5 {md5(CONTENT)}); "
        "or load 'digits', which needs no download.",
    ]
    assert server.asked == []


def test_a_folder_that_cannot_be_made_is_named(server, tmp_path):
    server.files["/file.gz"] = CONTENT
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(DataError, match="cannot be written there: NotADirectoryError: Not a directory"):
        fetch(remote(server.url + "/"), tmp_path / "taken" / "mnist", instead="digits")


def test_the_cache_folder_is_the_argument_then_the_variable_then_the_systems(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert cache_folder() == Path(pooch.os_cache("executable-pytorch"))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert cache_folder() == tmp_path
    assert cache_folder(tmp_path / "other") == tmp_path / "other"
    assert cache_folder("~/other") == Path.home() / "other"


def test_a_relative_folder_starts_where_the_reader_stands(monkeypatch, tmp_path):
    """A notebook runs in chapters/, whatever folder the command was typed in."""
    (tmp_path / "chapters").mkdir()
    monkeypatch.chdir(tmp_path / "chapters")
    monkeypatch.setenv("COURSE_DATA", "data")
    monkeypatch.setenv("PWD", str(tmp_path))
    assert cache_folder() == tmp_path / "data"
    monkeypatch.setenv("COURSE_DATA", "~/data")
    assert cache_folder() == Path.home() / "data"
    monkeypatch.setenv("COURSE_DATA", "data")
    monkeypatch.delenv("PWD")
    assert cache_folder() == cache_folder("data") == tmp_path / "chapters" / "data"


FETCH = """
import sys
from pathlib import Path
from helpers.data.sources.download import Remote, fetch
fetch(Remote(sys.argv[1], sys.argv[2], (sys.argv[3],)), Path(sys.argv[4]), instead="digits")
"""


def test_a_download_that_is_killed_leaves_no_broken_file(server, tmp_path):
    arrived = []

    def slow(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()
        with contextlib.suppress(OSError):  # the reader is killed
            for start in range(0, len(CONTENT), 20_000):
                handler.wfile.write(CONTENT[start : start + 20_000])
                arrived.append(start)
                time.sleep(0.2)

    server.files |= {"/slow/file.gz": slow, "/good/file.gz": CONTENT}
    command = [sys.executable, "-c", FETCH, NAME, md5(CONTENT), server.url + "/slow/", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and sum(path.stat().st_size for path in tmp_path.iterdir()) < 60_000:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    assert 0 < len(arrived) < 10  # it was killed while it wrote
    assert not (tmp_path / NAME).exists()
    assert fetch(remote(server.url + "/good/"), tmp_path, instead="digits").read_bytes() == CONTENT
