"""Where a study lives: nothing of the reader's is overwritten, nothing that is secret is printed."""

import signal
import subprocess
import sys

import optuna
import pytest

from apps.sweep.database import reason, without_password
from apps.sweep.journal import Journal
from apps.sweep.messages import SweepError
from apps.sweep.study import open_storage

HOLD = """
import sys, time
from pathlib import Path
from apps.sweep.journal import Journal
journal = Journal(Path(sys.argv[1]))
print(journal.process, flush=True)
time.sleep(60)
"""


def study(path):
    return optuna.create_study(study_name="tiny", storage=Journal(path), load_if_exists=True)


@pytest.mark.parametrize(
    "content", [b"first line\nsecond line, without an end", b"{}\n", b'{"op_code":broken}\n', b"\0\n"]
)
def test_a_file_that_is_no_journal_is_left_as_it_is(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(SweepError, match="that is not a study's journal; it is left as it is: choose another path"):
        open_storage(str(path))
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_study_in_sqlite_is_left_as_it_is_and_its_address_is_named(tmp_path):
    path = tmp_path / "mine.db"
    optuna.create_study(study_name="mine", storage=f"sqlite:///{path}")
    before = path.read_bytes()
    with pytest.raises(SweepError, match=f"write sqlite:///{path} for a study in SQLite"):
        open_storage(str(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("where", ["folder", "file/study.journal"])
def test_a_place_that_cannot_hold_a_journal_is_named(tmp_path, where):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(SweepError, match=where):
        open_storage(str(tmp_path / where))


def test_a_line_that_a_power_cut_has_cut_short_is_dropped(tmp_path):
    path = tmp_path / "study.journal"
    first = study(path)
    first.tell(first.ask(), 1.0)
    with path.open("ab") as file:
        file.write(b'{"op_code":4,"wor')
    first.tell(first.ask(), 2.0)  # also while the study is open: a full disk cuts lines, too
    assert [trial.value for trial in study(path).trials] == [1.0, 2.0]


def test_a_journal_knows_which_processes_are_alive(tmp_path):
    path = tmp_path / "study.journal"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        name = other.stdout.readline().strip()
        journal = Journal(path)
        assert journal.is_alive(name)
        assert journal.is_alive(journal.process)
        other.send_signal(signal.SIGSTOP)
        assert journal.is_alive(name)  # a process that stands still is not dead
        other.kill()
        other.wait()
        assert not journal.is_alive(name)
    assert not journal.is_alive("nobody")
    Journal(path)
    assert not (tmp_path / "study.journal.processes" / name).exists()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgresql://me:se@cret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:se/c?re#t@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me@host/db?password=secret", "postgresql://me@host/db"),
        ("redis://:secret@host:6379", "redis://:***@host:6379"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_an_address_is_shown_without_its_password(url, shown):
    assert without_password(url) == shown


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://me:se@cret@host/db", 'no host "cret@host"'),
        ("postgresql://me:s%40cret@host/db", 'no "s@cret" in s%40cret'),
        ("postgresql://me@host/db?sslpassword=cret", "wrong: cret"),
        ("postgresql://me@host/db?a=b&password=cret&c=d", "wrong: cret"),
        ("mysql://me@host/db?access_token=cret", "wrong: cret"),
    ],
)
def test_a_drivers_message_is_shown_without_the_password(url, message):
    assert "cret" not in reason(ValueError(message), url)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://me:secret@127.0.0.1/db", "its driver MySQLdb is not installed: pip install mysqlclient"),
        ("mysql+pymysql://me:secret@127.0.0.1/db", "its driver pymysql is not installed: pip install pymysql"),
        ("redis://:secret@127.0.0.1:6379", r"no database such as redis://:\*\*\*@127.0.0.1:6379; write postgresql://"),
        ("nosuch://me:secret@127.0.0.1/db", "no database such as nosuch"),
        ("postgresql://me:se@cret@127.0.0.1/db", "has an @ in its user or password; write it as %40"),
        ("postgresql://me:secret@127.0.0.1:port/db", "cannot open the storage"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_sentence(url, sentence):
    with pytest.raises(SweepError, match=sentence) as caught:
        open_storage(url)
    assert "cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_postgresql_driver_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SweepError, match=r'pip install "psycopg\[binary\]"'):
        open_storage("postgresql://me:secret@127.0.0.1/db")
