"""A worker: a process that runs one trial after another. Started by ``apps.sweep.crew``, never by hand.

It says what it does in lines of JSON on stdout, and ends at once when its stdin closes: so it never outlives the
command that started it, however that ended. Its kernel ends with it.
"""

import contextlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.sweep import goal, notebook, space
from apps.sweep.errors import SweepError
from apps.sweep.kept import check_kept
from apps.sweep.plan import Plan
from apps.sweep.study import (
    BEAT,
    BEAT_SECONDS,
    ERROR,
    OWNER,
    SLOT,
    counted,
    is_void,
    me,
    open_study,
    running,
    slot_of,
    void,
    void_lost_trials,
)

if TYPE_CHECKING:
    from optuna import Study, Trial

WRONG_SWEEP = 3  # exit status: no trial of this sweep can succeed


class Worker:
    """Runs trials of a plan until the study has enough of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.study = plan, open_study(plan)
        self.lock = threading.RLock()  # the process never ends while it writes to the study

    def work(self) -> None:
        """Run trials until there are as many as planned."""
        while True:
            check_kept(self.plan)
            with self.lock:
                void_lost_trials(self.study)
                if len(counted(self.study)) >= self.plan.trials:
                    return
                trial = self.study.ask()
                try:
                    parameters = self.begin(trial)
                except RuntimeError:
                    if self.is_lost(trial):
                        continue
                    raise
            if parameters is None:
                return
            self.run(trial, parameters)

    def begin(self, trial: "Trial") -> dict[str, space.Value] | None:
        """Say whose trial this is, and choose its parameters; none if another worker was faster to take the last slot.

        Raises:
            RuntimeError: another process has voided the trial.
        """
        trial.set_user_attr(BEAT, time.time())
        trial.set_user_attr(OWNER, me())
        slot = slot_of(self.study.get_trials(deepcopy=False), trial.number)
        trial.set_user_attr(SLOT, slot)
        if slot >= self.plan.trials:
            void(self.study, self.study.trials[trial.number], "one too many")
            return None
        return space.suggest(trial, self.plan.axes)

    def is_lost(self, trial: "Trial") -> bool:
        """Return whether another process took this one for dead and voided its trial, whose slot is run again then.

        This happens to a process that stood still: a closed laptop, a stopped job.
        """
        return is_void(self.study.get_trials(deepcopy=False)[trial.number])

    def run(self, trial: "Trial", parameters: dict[str, space.Value]) -> None:
        """Run one trial and tell the study how it ended."""
        target = self.plan.folder / f"{trial.number:04d}.ipynb"
        report: dict[str, Any] = {"number": trial.number, "parameters": parameters}
        try:
            found = notebook.run(self.plan, {**self.plan.fixed, **parameters}, target)
            report["value"] = goal.value_of(self.plan.goal, found)
        except (notebook.TrialError, SweepError) as error:
            report["error"] = str(error)
            self.tell(trial, report)
            if isinstance(error, SweepError) and not any(t.value is not None for t in counted(self.study)):
                raise
            return
        self.tell(trial, report)

    def tell(self, trial: "Trial", report: dict[str, Any]) -> None:
        """Record the end of a trial in the study and on stdout."""
        with self.lock:
            try:
                if "error" in report:
                    trial.set_user_attr(ERROR, report["error"])
                    self.study.tell(trial, state=_states().PRUNED)
                else:
                    self.study.tell(trial, report["value"])
            except (RuntimeError, ValueError):  # what Optuna raises for a trial that has ended
                if not self.is_lost(trial):
                    raise
                report = {"number": report["number"], "parameters": report["parameters"], "lost": True}
            print(json.dumps(report), flush=True)

    def watch(self) -> None:
        """End the process when stdin closes; until then, say now and then that its trial is alive."""
        threading.Thread(target=self.beat, daemon=True).start()
        sys.stdin.read()
        self.lock.acquire()
        try:
            for trial in mine(self.study):
                void(self.study, trial, "interrupted")
        finally:
            os._exit(1)  # also when the storage cannot be reached

    def beat(self) -> None:
        """Write the time into this worker's running trial, again and again."""
        while True:
            with self.lock, contextlib.suppress(Exception):  # a storage out of reach: the next beat tries again
                for trial in mine(self.study):
                    self.study._storage.set_trial_user_attr(trial._trial_id, BEAT, time.time())
            time.sleep(BEAT_SECONDS)


def mine(study: "Study") -> list[Any]:
    """Return the running trial of this process, if there is one."""
    return [trial for trial in running(study) if trial.user_attrs.get(OWNER) == me()]


def _states() -> Any:
    from optuna.trial import TrialState

    return TrialState


def main() -> int:
    """Work through the plan on stdin's first line. Return the exit status."""
    plan = Plan.from_json(sys.stdin.readline())
    Path(plan.folder).mkdir(parents=True, exist_ok=True)
    try:
        worker = Worker(plan)
        threading.Thread(target=worker.watch, daemon=True).start()
        worker.work()
    except SweepError as error:
        print(json.dumps({"stop": str(error)}), flush=True)
        return WRONG_SWEEP
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # not waiting for the thread that reads stdin
