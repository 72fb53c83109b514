"""Slots: what an interrupted trial leaves free is taken again, and never twice."""

import os
import subprocess
import sys
import time

import optuna
import pytest

from apps.sweep.errors import first_line
from apps.sweep.slots import SlotSampler
from apps.sweep.study import BEAT, OWNER, SLOT, VOID, _is_alive, counted, slot_of, void, void_lost_trials
from apps.sweep.table import rows


@pytest.fixture(params=["random", "tpe"])
def study(request):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(sampler=SlotSampler(request.param, 0))


def begin(study):
    """Begin a trial as a worker does; return (trial, its parameter)."""
    trial = study.ask()
    trial.set_user_attr(SLOT, slot_of(study.get_trials(deepcopy=False), trial.number))
    return trial, trial.suggest_float("x", 0, 1)


def frozen(number, **attributes):
    trial = optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING, user_attrs=attributes)
    trial.number = number
    return trial


@pytest.mark.parametrize(
    ("trials", "slot"),
    [
        ([frozen(0)], 0),
        ([frozen(0, slot=0), frozen(1)], 1),
        ([frozen(0, void="interrupted", slot=0), frozen(1)], 0),
        ([frozen(0, void="interrupted", slot=0), frozen(1, slot=1), frozen(2)], 0),
        ([frozen(0, slot=0), frozen(1, void="interrupted"), frozen(2, slot=1), frozen(3)], 2),
        ([frozen(0, slot=0), frozen(1), frozen(2)], 2),
        ([frozen(0, slot=5)], 5),
    ],
)
def test_the_last_trial_gets_the_lowest_free_slot(trials, slot):
    assert slot_of(trials, trials[-1].number) == slot


def test_an_interrupted_trial_is_run_again_with_its_parameters(study):
    (lost, x), (other, y) = begin(study), begin(study)
    study.tell(other, 1.0)
    assert void(study, study.trials[lost.number], "interrupted")
    _, again = begin(study)
    _, new = begin(study)
    assert again == x
    assert len({x, y, new}) == 3


def test_a_new_process_goes_on_where_the_old_one_stopped(study):
    whole = []
    for _ in range(14):
        trial, x = begin(study)
        study.tell(trial, (x - 0.3) ** 2)
        whole.append(x)
    name = study.sampler.name
    parts = optuna.create_study(sampler=SlotSampler(name, 0))
    for _ in range(14):
        parts.sampler = SlotSampler(name, 0)  # as after a restart
        trial, x = begin(parts)
        parts.tell(trial, (x - 0.3) ** 2)
    assert [trial.params["x"] for trial in parts.trials] == whole
    assert len(set(whole)) == 14


def failures(state, seed):
    """Return how many of 30 trials, after 10 random ones, lie in the half that fails, if failures are told so."""
    study = optuna.create_study(sampler=SlotSampler("tpe", seed), direction="maximize")
    xs = []
    for _ in range(40):
        trial, x = begin(study)
        xs.append(x)
        if x > 0.5:
            study.tell(trial, state=state)
        else:
            study.tell(trial, x)
    return sum(x > 0.5 for x in xs[10:])


@pytest.mark.parametrize("seed", range(3))
def test_the_sampler_learns_from_failed_trials(seed):
    states = optuna.trial.TrialState
    assert failures(states.FAIL, seed) > 20  # the best values lie at the edge, and nothing says that there is one
    assert failures(states.PRUNED, seed) < 15


def test_a_trial_that_got_its_result_while_it_was_voided_counts(study):
    trial, _ = begin(study)
    trial.set_user_attr(VOID, "interrupted")  # the first half of what void() does
    assert counted(study) == []
    study.tell(trial, 1.0)
    assert len(counted(study)) == 1
    assert [row["state"] for row in rows(study, ["x"])] == ["complete"]


def test_a_dead_process_that_nobody_has_looked_at_is_dead():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    try:
        deadline = time.monotonic() + 30
        while _is_alive(child.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not _is_alive(child.pid)  # it is a zombie: wait() comes below
    finally:
        child.wait()
    assert not _is_alive(child.pid)
    assert _is_alive(os.getpid())


def test_a_trial_that_has_ended_cannot_be_voided(study):
    trial, _ = begin(study)
    study.tell(trial, 1.0)
    assert not void(study, study.trials[0], "interrupted")
    assert VOID not in study.trials[0].user_attrs


@pytest.mark.parametrize(("silence", "lost"), [(None, 1), (1000.0, 1), (0.0, 0)])
def test_a_trial_of_another_machine_is_lost_when_it_is_silent(study, silence, lost):
    trial, _ = begin(study)
    if silence is not None:
        trial.set_user_attr(BEAT, time.time() - silence)
    trial.set_user_attr(OWNER, {"machine": "elsewhere", "pid": 1})
    assert void_lost_trials(study) == lost


def test_an_error_without_a_message_has_a_first_line():
    assert first_line(ValueError("\n")) == "no message"
    assert first_line(ValueError("one\ntwo")) == "one"
