import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pooch
import pytest
from idx_files import md5

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
        f"Connect to the network; or put the file there by hand (MD5 {md5(CONTENT)}), or set COURSE_DATA to a "
        "folder with mnist/file.gz; or load 'digits', which needs no download."
    )


def test_a_cached_file_that_was_damaged_is_moved_aside_and_downloaded_again(server, tmp_path):
    server.files["/file.gz"] = CONTENT
    (tmp_path / NAME).write_bytes(b"damaged")
    assert fetch(remote(server.url + "/"), tmp_path, instead="digits").read_bytes() == CONTENT
    assert (tmp_path / "file.gz.damaged").read_bytes() == b"damaged"


def test_a_cached_file_that_was_damaged_is_never_used(tmp_path):
    (tmp_path / NAME).write_bytes(CONTENT[:-1])
    with pytest.raises(DataError, match=r"was there with a wrong MD5; moved aside as file\.gz\.damaged"):
        fetch(remote(unused_url()), tmp_path, instead="digits")
    assert files(tmp_path) == ["file.gz.damaged"]


def test_a_folder_that_cannot_be_made_is_named(server, tmp_path):
    server.files["/file.gz"] = CONTENT
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(DataError, match="Error"):
        fetch(remote(server.url + "/"), tmp_path / "taken" / "mnist", instead="digits")


def test_the_cache_folder_is_the_argument_then_the_variable_then_the_systems(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert cache_folder() == Path(pooch.os_cache("executable-pytorch"))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert cache_folder() == tmp_path
    assert cache_folder(tmp_path / "other") == tmp_path / "other"
    assert cache_folder("~/other") == Path.home() / "other"


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
