"""Whole sweeps, with real processes: results, failures, interruptions, two processes on one study."""

import csv
import json
import signal
import subprocess
import sys

import optuna
import pytest
from optuna.trial import TrialState
from tiny_sweep import BODY, children, gone, kill, wait_for, write_notebook

from apps.sweep import read_results
from apps.sweep.journal import Journal
from apps.sweep.trials import run_again

LR = ["-p", "lr", "log", "1e-4", "1", "--maximize", "score"]


def study_of(sweep):
    return optuna.load_study(study_name="tiny", storage=Journal(sweep.out / "study.journal"))


def states(sweep):
    return [row["state"] for row in read_results(sweep.out)] if (sweep.out / "results.json").exists() else []


def test_a_failing_trial_is_recorded_and_does_not_end_the_sweep(shared):
    assert shared.done.returncode == 0, shared.done.err
    rows = read_results(shared.out)
    assert len(rows) == 4
    failed = [row for row in rows if row["parameters"]["kind"] == "bad"]
    complete = [row for row in rows if row["parameters"]["kind"] == "good"]
    assert failed
    assert complete
    assert {row["error"] for row in failed} == {"ValueError: this kind never works"}
    assert {row["state"] for row in failed} == {"failed"}
    assert all(row["value"] is not None and row["state"] == "complete" for row in complete)
    assert f"{len(complete)} of 4 trials complete, {len(failed)} failed" in shared.done.out
    assert shared.done.out.splitlines()[-1] == "all of them: out/index.html"
    told = [trial.state.name for trial in study_of(shared).trials if trial.params["kind"] == "bad"]
    assert set(told) == {"PRUNED"}  # what the sampler learns from


def test_every_trial_leaves_its_executed_notebook(shared):
    for row in read_results(shared.out):
        executed = json.loads((shared.out / row["notebook"]).read_text(encoding="utf-8"))
        injected = next(c for c in executed["cells"] if "injected-parameters" in c["metadata"]["tags"])
        assert f"lr = {row['parameters']['lr']}" in "".join(injected["source"])
        assert "hidden = 8" in "".join(injected["source"])


def test_both_tables_say_the_same(shared):
    with (shared.out / "results.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    for line, row in zip(lines, read_results(shared.out), strict=True):
        assert float(line["lr"]) == row["parameters"]["lr"]
        assert line["value"] == ("" if row["value"] is None else str(row["value"]))


def test_another_command_on_the_same_study_is_refused(shared, refused):
    assert "belongs to another sweep" in refused(shared, *LR, "--trials", 5)


def test_a_notebook_that_has_changed_is_refused(shared, refused):
    content = shared.notebook.read_text(encoding="utf-8")
    write_notebook(shared.notebook, body="pass")
    said = refused(shared, *shared.words, "--trials", 5)
    shared.notebook.write_text(content, encoding="utf-8")
    assert f"the notebook has changed (as it was: {shared.out / 'trials' / 'notebook.ipynb'})" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-p", "lrr", "log", "1e-4", "1"], "the notebook has no parameter 'lrr'; did you mean 'lr'?"),
        (["-p", "lr", "log", "1", "1e-4"], "LOW must be below HIGH"),
        (["-p", "lr", "log", "1e-4", "1", "--set", "hidden", "x"], "parameter 'hidden' needs an int, which 'x' is not"),
    ],
)
def test_a_wrong_command_is_refused_before_anything_is_written(sweep, refused, words, sentence):
    said = refused(sweep, *words, "--maximize", "score")
    assert sentence in said
    assert len(said.splitlines()) == 1
    assert not sweep.out.exists()


def test_a_name_that_does_not_exist_ends_the_command_with_2(sweep):
    done = sweep("-p", "lrr", "log", "1e-4", "1", "--maximize", "score")
    assert (done.returncode, done.out) == (2, "")
    assert done.err == "sweep: the notebook has no parameter 'lrr'; did you mean 'lr'?\n"
    assert not sweep.out.exists()


def test_a_goal_that_is_never_recorded_ends_the_sweep_after_one_trial(sweep):
    done = sweep("-p", "lr", "log", "1e-4", "1", "--maximize", "scor", "--trials", 20)
    assert done.returncode == 2
    assert "records no claim 'scor'; did you mean 'score'?" in done.err
    assert "\n  score" in done.err
    assert states(sweep) == ["failed"]


def test_killed_in_the_middle_and_resumed(sweep):
    words = [*LR, "--trials", 3]
    first = sweep.start(*words)
    wait_for(lambda: states(sweep).count("complete") == 1)
    sweep.hold()
    wait_for(sweep.held)
    kill([first.pid, *children(first.pid)])  # the command, its worker and the kernel, all at once
    first.communicate()
    kept = [row for row in read_results(sweep.out) if row["state"] == "complete"]
    sweep.release()
    second = sweep(*words)
    assert second.returncode == 0, second.err
    assert f"going on after {len(kept)} of" in second.out
    assert "interrupted: 1" in second.out
    rows = read_results(sweep.out)
    assert rows[: len(kept)] == kept
    complete = [row for row in rows if row["state"] == "complete"]
    assert len(complete) == 3
    assert len({row["parameters"]["lr"] for row in complete}) == 3
    (lost,) = (row for row in rows if row["state"] == "interrupted")
    again = rows[lost["number"] + 1]  # with the same parameters
    assert (again["state"], again["parameters"]) == ("complete", lost["parameters"])


def test_the_notebook_can_be_edited_while_a_sweep_runs(sweep):
    sweep.hold()
    process = sweep.start(*LR, "--trials", 2)
    wait_for(sweep.held)
    write_notebook(sweep.notebook, body="raise ValueError('half a sentence')")
    sweep.release()
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert states(sweep) == ["complete"] * 2, stdout


def test_a_trial_that_another_process_took_over_is_run_again(sweep):
    sweep.hold()
    process = sweep.start(*LR, "--trials", 1)
    wait_for(sweep.held)
    study = study_of(sweep)  # as another machine does after a silence
    run_again(study, study.tell(0, state=TrialState.FAIL))
    sweep.release()
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert stderr == ""
    assert "-> too late: this process stood still" in stdout
    assert states(sweep) == ["interrupted", "complete"]


def test_a_trial_whose_notebook_leaves_half_way_is_not_complete(sweep):
    content = sweep.notebook.read_text(encoding="utf-8")
    write_notebook(sweep.notebook, body="import sys\nsys.exit()")
    done = sweep(*LR, "--trials", 1)
    sweep.notebook.write_text(content, encoding="utf-8")
    assert done.returncode == 1
    assert states(sweep) == ["failed"]
    assert "a cell called sys.exit()" in done.out


def test_failed_trials_are_run_again_by_the_same_command_unless_told_otherwise(sweep):
    gate = "from pathlib import Path\nif not Path('network').exists():\n    raise OSError('no network')\n"
    write_notebook(sweep.notebook, body=gate + BODY)
    words = [*LR, "--trials", 2]
    assert sweep(*words).returncode == 1
    kept = sweep(*words, "--keep-failed")
    assert (kept.returncode, len(states(sweep))) == (1, 2)
    assert "going on after 2 of 2 trials" in kept.out
    (sweep.folder / "network").touch()
    again = sweep(*words)
    assert again.returncode == 0, again.err
    assert "going on after 0 of 2 trials, run again because they failed: 2" in again.out
    assert "2 of 2 trials complete\n" in again.out
    found = read_results(sweep.out)
    assert [row["state"] for row in found] == ["failed", "failed", "complete", "complete"]
    assert [row["parameters"] for row in found[2:]] == [row["parameters"] for row in found[:2]]


def test_files_of_another_origin_are_not_overwritten(sweep, refused):
    sweep.out.mkdir()
    (sweep.out / "index.html").write_text("my own page")
    assert "holds a file index.html that no sweep has written; choose another --out" in refused(sweep, *LR)
    assert (sweep.out / "index.html").read_text() == "my own page"


@pytest.mark.parametrize("place", ["results.write_results", "journal.JournalFileBackend.append_logs"])
def test_a_full_disk_is_one_sentence(sweep, place):
    """From the moment on when the first trial has run, nothing can be written any more."""
    full = (
        "import errno, os, sys\nfrom pathlib import Path\nfrom apps.sweep import cli, journal, results\n"
        f"real = {place}\ndef write(*words):\n"
        "    if 'injected-parameters' in ''.join(path.read_text() for path in Path('out/trials').glob('0*')):\n"
        "        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n"
        f"    return real(*words)\n{place} = write\nsys.exit(cli.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", full, "tiny.ipynb", "--out", "out", *LR, "--trials", "2"]
    done = subprocess.run(command, cwd=sweep.folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith("sweep: the disk is full (")
    assert len(done.stderr.splitlines()) == 1


def test_two_processes_share_one_study(sweep):
    words = [*LR, "--trials", 3]
    sweep.hold()
    both = [sweep.start(*words), sweep.start(*words)]
    wait_for(lambda: sweep.held() == 2)
    sweep.release()
    ends = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    trials = [trial for trial in study_of(sweep).trials if trial.state == TrialState.COMPLETE]
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 3
    assert len({trial.params["lr"] for trial in trials}) == 3
    assert len({trial.user_attrs["process"] for trial in trials}) == 2
    assert states(sweep).count("complete") == 3


@pytest.mark.parametrize(("interruption", "jobs"), [(signal.SIGINT, 2), (signal.SIGTERM, 1)])
def test_ctrl_c_ends_everything_and_says_how_to_go_on(sweep, interruption, jobs):
    sweep.hold()
    process = sweep.start(*LR, "--jobs", jobs, "--trials", 4)
    wait_for(lambda: sweep.held() == jobs)
    family = children(process.pid)
    assert len(family) >= jobs
    process.send_signal(interruption)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.strip().splitlines()[-1] == "sweep: interrupted; the same command goes on from here"
    assert states(sweep) == ["interrupted"] * jobs
    wait_for(lambda: gone(family), seconds=20)


def test_a_database_can_hold_the_study(sweep):
    storage = f"sqlite:///{sweep.folder / 'study.db'}"
    done = sweep(*LR, "--trials", 1, "--storage", storage, "--sampler", "random")
    assert done.returncode == 0, done.err
    assert len(optuna.load_study(study_name="tiny", storage=storage).trials) == 1
