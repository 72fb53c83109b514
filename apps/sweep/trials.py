"""Which trials of a study count: a trial that is run again gives its place to the one that runs it again.

A trial that failed is told as pruned, without a value: so the sampler counts it as worse than any value, and learns
from it. A trial that was interrupted, or whose process is gone, says nothing about its parameters: it is told as failed
in Optuna's sense, which samplers ignore, and run again with the same parameters.
"""

import contextlib
import copy
import time
from collections.abc import Callable, Iterable

from optuna import Study
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState

from apps.sweep.sampler import original_number

PROCESS = "process"  # attributes of a trial: who runs it,
ERROR = "error"  # why it failed,
UNUSED = "unused"  # why its place was not needed
UNCLAIMED_SECONDS = 60.0  # a trial has the name of its process within milliseconds


def counted(study: Study) -> list[FrozenTrial]:
    """Return the trials that count, each at its newest: complete, failed, running, or waiting to be run again."""
    newest: dict[int, FrozenTrial] = {}
    for trial in study.get_trials(deepcopy=False):
        first = original_number(trial)
        if first not in newest or newest[first].state != TrialState.COMPLETE:
            newest[first] = trial
    return [trial for trial in newest.values() if trial.state != TrialState.FAIL]


def finished(trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials that are complete or failed."""
    return [trial for trial in trials if trial.state.is_finished()]


def run_again(study: Study, trial: FrozenTrial, max_retry: int | None = None) -> None:
    """Put a trial that has ended into the study's queue once more, with the same parameters.

    Args:
        study: where to.
        trial: the one to run again.
        max_retry: how often a trial is run again at most. Optuna calls this function for trials without a heartbeat.
    """
    again = copy.copy(trial)
    again.user_attrs = {}  # the process and the error of the first attempt
    RetryHeartbeatStaleTrialCallback(max_retry=max_retry)(study, again)


def run_failed_again(study: Study) -> int:
    """Queue every trial that failed once more; return how many."""
    failed = [trial for trial in counted(study) if trial.state == TrialState.PRUNED]
    for trial in failed:
        run_again(study, trial)
    return len(failed)


class LostTrials:
    """Finds running trials whose process is gone.

    A database has Optuna's heartbeat for this; here are the other cases: a journal, which knows the processes that
    are alive, and a process that ended before it could put its name to the trial.

    Args:
        is_alive: whether the process of a name still runs.
    """

    def __init__(self, is_alive: Callable[[str], bool]) -> None:
        self._is_alive = is_alive
        self._unclaimed: dict[int, float] = {}  # number -> when it was first seen, on this machine's own clock

    def run_again(self, study: Study) -> int:
        """End all of them and queue them once more; return how many."""
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return sum(_end_and_run_again(study, trial) for trial in running if self._is_lost(trial))

    def _is_lost(self, trial: FrozenTrial) -> bool:
        if PROCESS in trial.user_attrs:
            return not self._is_alive(trial.user_attrs[PROCESS])
        now = time.monotonic()
        return now - self._unclaimed.setdefault(trial.number, now) > UNCLAIMED_SECONDS


def _end_and_run_again(study: Study, trial: FrozenTrial) -> bool:
    with contextlib.suppress(ValueError, UpdateFinishedTrialError):  # another process was faster
        study.tell(trial.number, state=TrialState.FAIL)
        run_again(study, trial, max_retry=1)
        return True
    return False
