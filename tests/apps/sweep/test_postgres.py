"""A study on a real PostgreSQL server: many processes, processes that die, a server that restarts."""

import contextlib
import subprocess
import sys

import optuna
import psycopg
import pytest
from optuna.trial import TrialState
from tiny_sweep import Sweep, children, kill, wait_for

from apps.sweep import read_results
from apps.sweep.messages import SweepError
from apps.sweep.study import open_storage
from apps.sweep.trials import counted

LR = ["-p", "lr", "log", "1e-4", "1", "--maximize", "score"]
IMPATIENT = """
import sys
from apps.sweep import database, main
database.BEAT_SECONDS, database.GRACE_SECONDS = 1, 4
sys.exit(main(sys.argv[1:]))
"""


def start(folder, database, *words):
    """Start the command in a folder of its own, as on another machine, with a short heartbeat."""
    folder.mkdir(exist_ok=True)
    sweep = Sweep(folder)
    sweep.command = [sys.executable, "-c", IMPATIENT]
    return sweep, sweep.start(*LR, "--storage", database, *words)


@contextlib.contextmanager
def opened(database):
    """Open the database's storage, and close its connections at the end: left open, they would warn in a later test."""
    storage = open_storage(database)
    try:
        yield storage
    finally:
        storage.engine.dispose()


def trials_of(database):
    with opened(database) as storage:
        return optuna.load_study(study_name="tiny", storage=storage).trials


def end(process):
    process.out, process.err = process.communicate(timeout=240)
    return process


def test_sweeps_that_start_at_once_on_a_new_database_all_live(database):
    code = "import sys\nfrom apps.sweep.study import open_storage\nsys.stdin.readline()\nopen_storage(sys.argv[1])"
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    openers = [subprocess.Popen([sys.executable, "-c", code, database], **pipes) for _ in range(4)]
    for opener in openers:
        opener.stdin.write("go\n")
        opener.stdin.flush()
    ends = [opener.communicate(timeout=120)[1] for opener in openers]
    assert [opener.returncode for opener in openers] == [0] * 4, ends


def test_a_killed_process_loses_nothing_and_its_trial_counts_once(tmp_path, database):
    first, dying = start(tmp_path / "a", database, "--trials", 3)
    first.hold()
    wait_for(first.held, seconds=120)
    number = next(trial.number for trial in trials_of(database) if trial.state == TrialState.RUNNING)
    kill([dying.pid, *children(dying.pid)])
    dying.communicate()
    second, other = start(tmp_path / "b", database, "--trials", 3)
    assert end(other).returncode == 0, other.err
    assert "3 of 3 trials complete\n" in other.out
    trials = trials_of(database)
    lost = trials[number]
    assert lost.state == TrialState.FAIL
    again = [trial for trial in trials if trial.number != number and trial.params == lost.params]
    assert [trial.state for trial in again] == [TrialState.COMPLETE]
    assert len([trial for trial in trials if trial.state == TrialState.COMPLETE]) == 3
    with opened(database) as storage:
        assert len(counted(optuna.load_study(study_name="tiny", storage=storage))) == 3
    assert sum(row["state"] == "complete" for row in read_results(second.out)) == 3


def test_the_server_restarts_in_the_middle(tmp_path, server, database):
    sweep, process = start(tmp_path / "a", database, "--trials", 2)
    sweep.hold()
    wait_for(sweep.held, seconds=120)
    server.control("stop")
    sweep.release()  # the trial ends while there is no server
    wait_for(lambda: "score" in (sweep.out / "trials" / "0000.ipynb").read_text(encoding="utf-8"))
    server.control("start")
    assert end(process).returncode == 0, process.err
    assert process.err == ""
    assert "2 of 2 trials complete\n" in process.out
    assert [trial.state for trial in trials_of(database)] == [TrialState.COMPLETE] * 2


def test_a_server_that_does_not_come_back_is_one_sentence(tmp_path, server, database):
    folder = tmp_path / "a"
    folder.mkdir()
    sweep = Sweep(folder)
    sweep.command = [sys.executable, "-c", IMPATIENT.replace("= 1, 4", "= 1, 4\ndatabase.PATIENCE_SECONDS = 1")]
    process = sweep.start(*LR, "--storage", database, "--trials", 2)
    sweep.hold()
    wait_for(sweep.held, seconds=120)
    server.control("stop")
    try:
        sweep.release()
        assert end(process).returncode == 2
    finally:
        server.control("start")
    assert process.err.startswith("sweep: the database has failed: ")
    assert "the same command goes on from here" in process.err
    assert len(process.err.splitlines()) == 1
    assert "geheim" not in process.out + process.err


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("geheim", "falsch"), "password authentication failed for user"),
        (("/db", "/nosuch"), "does not exist"),
        (("@127.0.0.1:", "@127.0.0.1:1"), "cannot open the storage"),
    ],
)
def test_a_wrong_address_is_one_sentence_without_the_password(database, change, sentence):
    with pytest.raises(SweepError, match=sentence) as caught:
        open_storage(database.replace(*change))
    said = str(caught.value)
    assert "\n" not in said
    assert "geheim" not in said
    assert "falsch" not in said


def test_what_is_alive_is_told_by_the_servers_clock_alone(database):
    """Two machines whose clocks differ by minutes: the heartbeat is written and compared by the server."""
    with opened(database) as storage:
        running = optuna.create_study(study_name="tiny", storage=storage)
        trial = running.ask()
        storage.record_heartbeat(trial._trial_id)
        with psycopg.connect(database) as connection:
            before = connection.execute("select heartbeat from trial_heartbeats").fetchone()
            now = connection.execute("select now()::timestamp").fetchone()
            assert abs((now[0] - before[0]).total_seconds()) < 60
            optuna.storages.fail_stale_trials(running)
            assert running.trials[0].state == TrialState.RUNNING
            connection.execute("update trial_heartbeats set heartbeat = heartbeat - interval '5 minutes'")
            connection.commit()
        optuna.storages.fail_stale_trials(running)
        assert [t.state for t in running.trials] == [TrialState.FAIL, TrialState.WAITING]
