"""The study that all workers share: opened, checked, and cleared of trials whose worker is gone.

A trial that failed is told as pruned, without a value: so the sampler counts it as worse than any value, and learns
from it. Its error says what happened.

A trial that was interrupted says nothing about its parameters. It is marked ``void``, told as failed, which samplers
ignore, and its slot is run again: trials are counted, and the sampler is seeded, by slot, so that an interrupted
sweep of one worker goes on exactly as if nothing had happened.
"""

import contextlib
import itertools
import os
import re
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.sweep.errors import SweepError, first_line
from apps.sweep.journal import open_journal
from apps.sweep.plan import Plan
from apps.sweep.slots import SlotSampler

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

PLAN, OWNER, SLOT, BEAT, VOID, ERROR = "plan", "owner", "slot", "beat", "void", "error"
BEAT_SECONDS = 15.0  # how often a worker says that it is alive
STALE_SECONDS = 180.0  # silence after which a worker of another machine counts as dead
NEWBORN_SECONDS = 5.0  # a trial gets its owner within milliseconds of its birth


def open_study(plan: Plan) -> "Study":
    """Open the study, or create it.

    Raises:
        SweepError: the storage cannot be opened, or the study was made by another command.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = SlotSampler(plan.sampler, plan.seed)
    try:
        study = optuna.create_study(
            study_name=plan.study,
            storage=_storage(plan.storage),
            sampler=sampler,
            direction=plan.direction,  # type: ignore[arg-type]
            load_if_exists=True,
        )
    except Exception as error:  # each database and driver has errors of its own
        hint = "; for PostgreSQL: pip install psycopg2-binary" if isinstance(error, ImportError) else ""
        said = first_line(error)
        raise SweepError(f"cannot open the storage {_without_password(plan.storage)}: {said}{hint}") from error
    _check(study, plan)
    return study


def _storage(place: str) -> "BaseStorage":
    if "://" not in place:
        return open_journal(Path(place))
    from optuna.storages import RDBStorage

    return RDBStorage(place)


def _without_password(place: str) -> str:
    return re.sub(r"(?<=://)([^:/@]+):[^@]*@", r"\1:***@", place)


def _check(study: "Study", plan: Plan) -> None:
    """Keep one study to one question: mixing two would compare what cannot be compared."""
    wanted, found = plan.identity(), study.user_attrs.get(PLAN)
    if found is None:
        study.set_user_attr(PLAN, wanted)
        return
    for key in sorted({*wanted, *found}):
        if wanted.get(key) != found.get(key):
            what = _changed(plan) if key == "notebook" else f"{key} was {found.get(key)!r}"
            now = "" if key == "notebook" else f" and is now {wanted.get(key)!r}"
            raise SweepError(
                f"the study {plan.study!r} in {_without_password(plan.storage)} belongs to another sweep: {what}{now}; "
                "repeat its command, or choose another --out or --study."
            )


def _changed(plan: Plan) -> str:
    kept = f" (as it was: {plan.kept})" if plan.kept.exists() else ""
    return f"the notebook has changed{kept}"


def counted(study: "Study") -> "list[FrozenTrial]":
    """Return the trials that count: all but the void ones."""
    return [trial for trial in study.get_trials(deepcopy=False) if not is_void(trial)]


def is_void(trial: "FrozenTrial") -> bool:
    """Return whether a trial was ended without a result. (One that got its result at the same moment was not.)"""
    return VOID in trial.user_attrs and trial.state.name in ("RUNNING", "FAIL")


def running(study: "Study") -> "list[FrozenTrial]":
    """Return the trials that are running, somewhere."""
    return [trial for trial in counted(study) if not trial.state.is_finished()]


def me() -> dict[str, Any]:
    """Return who this process is: machine, process namespace (a container has its own), process."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        space = ""
    return {"machine": f"{socket.gethostname()} {space}".strip(), "pid": os.getpid()}


def void_lost_trials(study: "Study") -> int:
    """Mark every running trial whose worker is gone as interrupted; return how many."""
    return sum(void(study, trial, "interrupted") for trial in running(study) if _is_lost(trial))


def void(study: "Study", trial: "FrozenTrial", why: str) -> bool:
    """End a running trial without a result. Return whether this process was the one to do so."""
    from optuna.trial import TrialState

    with contextlib.suppress(RuntimeError, ValueError, KeyError):  # another process was faster
        study._storage.set_trial_user_attr(trial._trial_id, VOID, why)
        return study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    return False


def _is_lost(trial: "FrozenTrial") -> bool:
    owner, now = trial.user_attrs.get(OWNER), time.time()
    if owner is None:
        born = trial.datetime_start.timestamp() if trial.datetime_start else now
        return now - born > NEWBORN_SECONDS
    if now - trial.user_attrs.get(BEAT, 0.0) > STALE_SECONDS:  # the first beat comes before the owner
        return True
    return bool(owner["machine"] == me()["machine"]) and not _is_alive(int(owner["pid"]))


def _is_alive(pid: int) -> bool:
    stat = _stat(pid)
    if stat or Path("/proc/self/stat").exists():
        return stat[:1] not in ([], ["Z"], ["X"])  # a dead process stays in the list until its parent looks
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _stat(pid: int | str) -> list[str]:
    """Return Linux's fields about a process, from its state on; nothing if it is gone, or on another system."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def slot_of(trials: "Sequence[FrozenTrial]", number: int) -> int:
    """Return a trial's slot: the one it has, or the lowest that is free.

    Args:
        trials: all trials of the study. Those that do not know their slot yet take theirs in the order of birth, so
            that two workers who ask at the same moment find two slots.
        number: which trial.
    """
    counting = [trial for trial in trials if not is_void(trial)]
    taken = {trial.user_attrs[SLOT]: trial.number for trial in counting if SLOT in trial.user_attrs}
    known = [slot for slot, owner in taken.items() if owner == number]
    if known:
        return int(known[0])
    waiting = sum(trial.number < number and SLOT not in trial.user_attrs for trial in counting)
    free = (slot for slot in itertools.count() if slot not in taken)
    return next(itertools.islice(free, waiting, None))
