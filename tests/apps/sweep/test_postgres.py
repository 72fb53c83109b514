"""A study on a real PostgreSQL server: many processes, processes that die, a server that restarts."""

import contextlib
import socket
import subprocess
import sys

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState
from tiny_sweep import Sweep, children, kill, wait_for

from apps.sweep import read_results
from apps.sweep.study import open_storage
from apps.sweep.trials import counted

psycopg = pytest.importorskip("psycopg", reason="the driver is missing (pip install 'psycopg[binary]')")

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


def test_of_three_machines_one_is_killed_and_its_trial_counts_once(tmp_path, database):
    words = ["--trials", 4]
    machines = [start(tmp_path / name, database, *words) for name in "abc"]
    for sweep, _ in machines:
        sweep.hold()
    for sweep, _ in machines:
        wait_for(sweep.held, seconds=120)
    running = {trial.number: trial for trial in trials_of(database) if trial.state == TrialState.RUNNING}
    assert len(running) == 3
    dying, process = machines.pop(0)
    (number,) = (int(path.stem) for path in (dying.out / "trials").glob("0*.ipynb"))
    kill([process.pid, *children(process.pid)])
    process.communicate()
    for sweep, _ in machines:
        sweep.release()
    for sweep, process in machines:
        assert end(process).returncode == 0, process.err
        assert process.err == ""
        assert "4 of 4 trials complete\n" in process.out
        assert sum(row["state"] == "complete" for row in read_results(sweep.out)) == 4
    trials = trials_of(database)
    assert trials[number].state == TrialState.FAIL
    again = [trial for trial in trials if trial.number != number and trial.params == running[number].params]
    assert [trial.state for trial in again] == [TrialState.COMPLETE]
    assert [trial.state for trial in trials].count(TrialState.COMPLETE) == 4
    with opened(database) as storage:
        assert len(counted(optuna.load_study(study_name="tiny", storage=storage))) == 4
    # each trial was run by one machine
    ran = [path.stem for sweep, _ in machines for path in (sweep.out / "trials").glob("0*.ipynb")]
    assert len(ran) == len(set(ran)) == 4


def silence(database, trial):
    """Let a trial's heartbeat have stopped five minutes ago, as that of a process that is gone."""
    with psycopg.connect(database) as connection:
        old = "update trial_heartbeats set heartbeat = heartbeat - interval '5 minutes' where trial_id = %s"
        assert connection.execute(old, [trial._trial_id]).rowcount == 1


def test_a_lost_trial_is_run_again_once_and_a_late_answer_is_not_counted(database):
    with opened(database) as storage:
        study = optuna.create_study(study_name="tiny", storage=storage)
        attempts = []
        for _ in range(2):
            attempts.append(study.ask({"lr": FloatDistribution(0.0, 1.0)}))
            storage.record_heartbeat(attempts[-1]._trial_id)
            silence(database, attempts[-1])
            optuna.storages.fail_stale_trials(study)
            optuna.storages.fail_stale_trials(study)  # another machine looks, too
        assert attempts[0].params == attempts[1].params
        assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 2  # nothing waits: no third attempt
        with pytest.raises(ValueError, match="Cannot tell a FAIL trial"):
            study.tell(attempts[0], 1.0)  # a process that only stood still comes back
        assert counted(study) == []


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
        ((":geheim", ":falsch"), 'password authentication failed for user "course"'),
        ((":geheim", ""), "no password supplied"),
        (("/db", "/nosuch"), "does not exist"),
        (("@127.0.0.1", "@nosuch.invalid"), "failed to resolve host 'nosuch.invalid'"),
    ],
)
def test_a_wrong_address_is_one_sentence_without_the_password(sweep, refused, database, change, sentence):
    said = refused(sweep, *LR, "--storage", database.replace(*change))
    assert said.startswith("sweep: cannot open the storage postgresql://course")
    assert sentence in said
    assert len(said.splitlines()) == 1
    assert "geheim" not in said
    assert "falsch" not in said


def test_a_server_that_is_not_there_is_one_sentence(sweep, refused):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        address = f"postgresql://me:geheim@127.0.0.1:{closed.getsockname()[1]}/sweeps"
        said = refused(sweep, *LR, "--storage", address)
    assert said.startswith(f"sweep: cannot open the storage {address.replace('geheim', '***')}: ")
    assert "Connection refused" in said
    assert len(said.splitlines()) == 1


def test_a_user_who_may_not_make_tables_is_one_sentence(sweep, refused, database):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create user guest password 'geheim'")
    said = refused(sweep, *LR, "--storage", database.replace("//course", "//guest"))
    assert said.endswith(": permission denied for schema public\n")
    assert len(said.splitlines()) == 1


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
