"""Runs trials until there are enough: one thread per trial, and in each a kernel, which is a process of its own.

Any number of these processes may work on one study. None of them leads: each looks at the study before it begins a
trial, and a trial of a process that is gone is run again by whoever notices.
"""

import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import optuna
from optuna import Study, Trial, TrialPruned
from optuna.trial import TrialState

from apps.sweep import notebook
from apps.sweep.config import SweepConfig
from apps.sweep.database import PATIENCE_SECONDS, Database, find_failure
from apps.sweep.journal import Journal
from apps.sweep.messages import SweepError, TrialError
from apps.sweep.metric import metric_value
from apps.sweep.sampler import original_number
from apps.sweep.search_space import suggest
from apps.sweep.snapshot import check_snapshot
from apps.sweep.study import open_study
from apps.sweep.trials import ERROR, PROCESS, UNUSED, LostTrials, counted, finished, run_again

LOOK_SECONDS = 1.0  # between two looks at trials that other processes run
GRACE_SECONDS = 10.0  # for threads to write down that they were interrupted

Report = dict[str, Any]


class NotNeeded(Exception):  # noqa: N818 - no error
    """Another process was faster to begin the last trial."""


class Interrupted(Exception):  # noqa: N818 - no error
    """Ctrl-C has ended the trial."""


class Runner:
    """Threads that run trials of one study; use as a context, so that no kernel is left behind.

    Args:
        config: the sweep.
        storage: the study's place.
        process: the name under which this process signs its trials.
    """

    def __init__(self, config: SweepConfig, storage: Journal | Database, process: str) -> None:
        self.config, self.storage, self.process = config, storage, process
        self.lost = LostTrials(storage.is_alive if isinstance(storage, Journal) else lambda _: True)
        self._reports: queue.Queue[Report | BaseException] = queue.Queue()
        self._kernels: set[int] = set()
        self._stop, self._turn = threading.Event(), threading.Lock()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the kernels that still run; their threads write down that the trials were interrupted."""
        self._stop.set()
        deadline = time.monotonic() + GRACE_SECONDS
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < deadline:
            for pid in list(self._kernels):
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)  # a kernel leads a group of its own, with what it has started
            time.sleep(0.1)

    def reports(self, jobs: int) -> Iterator[Report]:
        """Run trials in that many threads, and yield what happens, until there are as many as planned.

        Raises:
            SweepError: no trial can succeed, or the study cannot be reached any more.
        """
        for _ in range(jobs):
            self._threads.append(threading.Thread(target=self._work, daemon=True))
            self._threads[-1].start()
        while any(thread.is_alive() for thread in self._threads) or not self._reports.empty():
            with suppress(queue.Empty):
                report = self._reports.get(timeout=0.2)
                if isinstance(report, BaseException):
                    raise report
                yield report

    def _work(self) -> None:
        try:
            study = open_study(self.config, self.storage)
            while not self._stop.is_set() and self._step_patiently(study):
                pass
        except BaseException as error:
            self._reports.put(error)

    def _step_patiently(self, study: Study) -> bool:
        failing_since = None
        while True:
            try:
                return self._step(study)
            except Exception as error:
                failing_since = failing_since or time.monotonic()
                if not find_failure(error) or time.monotonic() - failing_since > PATIENCE_SECONDS:
                    raise
                self._stop.wait(LOOK_SECONDS)

    def _step(self, study: Study) -> bool:
        """Run one trial, or wait for those of other processes. Return False when there are enough."""
        check_snapshot(self.config)
        self.lost.run_again(study)
        optuna.storages.fail_stale_trials(study)  # by Optuna's heartbeat, if the study is in a database
        with ExitStack() as turn:
            turn.enter_context(self._turn)  # until the trial has begun: then the others may look, and see it
            trials = counted(study)
            if len(finished(trials)) >= self.config.trials:
                return False
            is_queued = any(trial.state == TrialState.WAITING for trial in trials)
            if is_queued or len(trials) < self.config.trials:
                self._run_trial(study, has_begun=turn.close)
                return True
        self._stop.wait(LOOK_SECONDS)
        return True

    def _run_trial(self, study: Study, has_begun: Callable[[], None]) -> None:
        report: Report = {}

        def objective(trial: Trial) -> float:
            report["parameters"] = self._begin(trial)
            report["number"] = trial.number
            has_begun()
            return self._objective(trial, report)

        try:
            study.optimize(objective, n_trials=1, catch=(NotNeeded, Interrupted))
        except (ValueError, AssertionError) as error:  # Optuna's refusals to tell a trial that has ended
            has_ended = {"value", "error", "interrupted"} & report.keys()
            if isinstance(error, SweepError) or not has_ended or not _has_failed(study, report["number"]):
                raise
            report["lost"] = True
        if report and "interrupted" not in report:
            self._reports.put(report)
        elif report and "lost" not in report:
            run_again(study, study.get_trials(deepcopy=False)[report["number"]])

    def _begin(self, trial: Trial) -> dict[str, notebook.Value]:
        """Choose the parameters, and sign the trial; or give way if as many as planned began before this one."""
        trials = trial.study.get_trials(deepcopy=False)
        first = original_number(trials[trial.number])
        if sum(original_number(other) < first for other in counted(trial.study)) >= self.config.trials:
            trial.set_user_attr(UNUSED, "one too many")
            raise NotNeeded
        parameters = suggest(trial, self.config.space)
        trial.set_user_attr(PROCESS, self.process)
        return parameters

    def _objective(self, trial: Trial, report: Report) -> float:
        """Run the notebook once; Optuna tells the study what this returns or raises."""
        try:
            report["value"] = self._run_notebook(trial.number, report["parameters"])
        except (TrialError, SweepError) as error:
            if self._stop.is_set():
                report["interrupted"] = True
                raise Interrupted from None
            report["error"] = str(error)
            trial.set_user_attr(ERROR, report["error"])
            if isinstance(error, SweepError) and not any(t.value is not None for t in counted(trial.study)):
                raise  # the metric's name is wrong: no trial can succeed
            raise TrialPruned from None
        return float(report["value"])

    def _run_notebook(self, number: int, parameters: dict[str, notebook.Value]) -> float:
        config = self.config
        claims = notebook.run(
            config.snapshot,
            config.folder / f"{number:04d}.ipynb",
            {**config.fixed, **parameters},
            folder=config.notebook.parent,
            cell_seconds=config.cell_seconds,
            kernels=self._kernels,
        )
        return metric_value(config.metric, claims)


def _has_failed(study: Study, number: int) -> bool:
    """Return whether another process took this one for dead and ended its trial, which is run again then.

    This happens to a process that stood still: a closed laptop, a stopped job.
    """
    return study.get_trials(deepcopy=False)[number].state == TrialState.FAIL
