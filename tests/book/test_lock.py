"""Of two builds at once, the second waits, and no file comes into being that nobody has written."""

import subprocess
import sys
import threading
import time

import pytest

from book import build, lock
from book.notebooks import ROOT

END_INSIDE = """
import os, sys
from pathlib import Path
from book import lock
with lock.held("name", folder=Path(sys.argv[1])):
    os._exit(3)
"""


def test_the_second_waits_for_the_first(tmp_path):
    inside, most = [], []

    def work():
        with lock.held("name", folder=tmp_path):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.2)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1]


def test_a_lock_ends_with_its_process(tmp_path):
    assert subprocess.run([sys.executable, "-c", END_INSIDE, tmp_path], cwd=ROOT, check=False).returncode == 3
    with lock.held("name", folder=tmp_path):
        pass


def test_a_command_keeps_its_exit_status():
    assert lock.main([sys.executable, "-c", "raise SystemExit(7)"]) == 7


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(lock.NotWritableError, match="copy the course to a folder of your own"),
        lock.held("name", folder=tmp_path / "file" / "locks"),
    ):
        pass


def test_an_unfinished_book_is_not_put_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "RENDERING", tmp_path / "rendering")
    new = tmp_path / "rendering" / "html"
    new.mkdir(parents=True)
    (new / "intro.html").write_text("a page")
    with pytest.raises(FileNotFoundError):  # there is no front page, and none is touched into being
        build.put_in_place(new, tmp_path / "html")
    assert not (tmp_path / "html" / "index.html").exists()
