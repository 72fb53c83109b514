"""Which trials count, what is run again, and that an interruption changes nothing of what a sweep tries."""

import warnings

import optuna
import pytest
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState

from apps.sweep import trials
from apps.sweep.results import rows
from apps.sweep.sampler import SeededSampler
from apps.sweep.trials import PROCESS, LostTrials, counted, finished, run_again, run_failed_again

warnings.filterwarnings("ignore", category=ExperimentalWarning)


@pytest.fixture(params=["random", "tpe"])
def study(request):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(sampler=SeededSampler(request.param, 0))


def begin(study, process="here"):
    """Begin a trial as a sweep does; return (trial, its parameter)."""
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    trial.set_user_attr(PROCESS, process)
    return trial, x


def interrupt(study, trial):
    run_again(study, study.tell(trial, state=TrialState.FAIL))


def test_an_interrupted_trial_is_run_again_with_its_parameters(study):
    (lost, x), (other, y) = begin(study), begin(study)
    study.tell(other, 1.0)
    interrupt(study, lost)
    _, again = begin(study)
    _, new = begin(study)
    assert again == x
    assert len({x, y, new}) == 3


def test_a_trial_that_is_run_again_counts_once(study):
    lost, _ = begin(study)
    interrupt(study, lost)
    assert [trial.state for trial in counted(study)] == [TrialState.WAITING]
    again, _ = begin(study)
    study.tell(again, 1.0)
    assert [trial.number for trial in counted(study)] == [again.number]
    assert [row["state"] for row in rows(study, ["x"])] == ["interrupted", "complete"]


def test_an_interruption_changes_nothing_of_what_is_tried(study):
    whole = []
    for _ in range(14):
        trial, x = begin(study)
        study.tell(trial, (x - 0.3) ** 2)
        whole.append(x)
    name = study.sampler.name
    parts = optuna.create_study(sampler=SeededSampler(name, 0))
    tried = []
    for step in range(16):
        parts.sampler = SeededSampler(name, 0)  # as after a restart
        trial, x = begin(parts)
        if step in (4, 12):
            interrupt(parts, trial)
        else:
            parts.tell(trial, (x - 0.3) ** 2)
            tried.append(x)
    assert tried == whole
    assert len(set(whole)) == 14


def test_failed_trials_are_run_again_when_asked(study):
    failed, x = begin(study)
    study.tell(failed, state=TrialState.PRUNED)
    assert len(finished(counted(study))) == 1  # within one command it uses up the count: some always fail
    assert run_failed_again(study) == 1
    assert finished(counted(study)) == []
    again, y = begin(study)
    assert y == x
    study.tell(again, 1.0)
    assert run_failed_again(study) == 0


def failures(state, seed):
    """Return how many of 30 trials, after 10 random ones, lie in the half that fails, if failures are told so."""
    study = optuna.create_study(sampler=SeededSampler("tpe", seed), direction="maximize")
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
    assert failures(TrialState.FAIL, seed) > 20  # the best values lie at the edge, and nothing says that there is one
    assert failures(TrialState.PRUNED, seed) < 15


def test_the_trial_of_a_process_that_is_gone_is_run_again_once(study):
    begin(study, "gone")
    begin(study, "alive")
    lost = LostTrials(lambda process: process == "alive")
    assert lost.run_again(study) == 1
    assert lost.run_again(study) == 0
    begin(study, "gone")
    assert lost.run_again(study) == 1
    assert [trial.state for trial in counted(study)] == [TrialState.RUNNING]  # a trial that kills twice is given up


def test_a_trial_that_nobody_signs_is_lost_after_a_while_on_ones_own_clock(study, monkeypatch):
    study.ask()
    now = [1000.0]
    monkeypatch.setattr(trials.time, "monotonic", lambda: now[0])
    lost = LostTrials(lambda _: True)
    assert lost.run_again(study) == 0
    now[0] += trials.UNCLAIMED_SECONDS - 1
    assert lost.run_again(study) == 0
    now[0] += 2
    assert lost.run_again(study) == 1


def test_a_trial_that_has_ended_is_not_lost(study):
    trial, _ = begin(study, "gone")
    study.tell(trial, 1.0)
    assert LostTrials(lambda _: False).run_again(study) == 0
