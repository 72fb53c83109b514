"""The study that all processes of a sweep share: opened, and held to one question."""

import warnings
from pathlib import Path

import optuna
from optuna import Study
from optuna.exceptions import ExperimentalWarning

from apps.sweep.config import SweepConfig
from apps.sweep.database import Database, open_database, reason, without_password
from apps.sweep.journal import Journal
from apps.sweep.messages import SweepError
from apps.sweep.sampler import SeededSampler

IDENTITY = "plan"  # the study's attribute that says which command it belongs to

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=ExperimentalWarning)  # Optuna's heartbeat and its callback


def open_storage(place: str) -> Journal | Database:
    """Open the journal or the database, or create it.

    Raises:
        SweepError: it cannot be opened, or it is something else.
    """
    if "://" in place:
        return open_database(place)
    try:
        return Journal(Path(place))
    except SweepError:
        raise
    except Exception as error:  # a folder that may not be written, a line in the middle that is damaged
        raise SweepError(f"cannot open the storage {place}: {reason(error, place)}") from error


def open_study(config: SweepConfig, storage: Journal | Database) -> Study:
    """Open the study, or create it.

    Raises:
        SweepError: it was made by another command, or the database failed.
    """
    try:
        study = optuna.create_study(
            study_name=config.study,
            storage=storage,
            sampler=SeededSampler(config.sampler, config.seed),
            direction=config.direction,  # type: ignore[arg-type]
            load_if_exists=True,
        )
        if IDENTITY not in study.user_attrs:
            study.set_user_attr(IDENTITY, config.identity())
        found = study.user_attrs[IDENTITY]  # read anew: another process may have been faster
    except Exception as error:
        where = without_password(config.storage)
        raise SweepError(f"cannot open the study in {where}: {reason(error, config.storage)}") from error
    _check_identity(found, config)
    return study


def _check_identity(found: dict[str, object], config: SweepConfig) -> None:
    """Keep one study to one question: mixing two would compare what cannot be compared."""
    wanted = config.identity()
    for key in sorted({*wanted, *found}):
        if wanted.get(key) == found.get(key):
            continue
        change = f"{key} was {found.get(key)!r} and is now {wanted.get(key)!r}"
        if key == "notebook":
            there = f" (as it was: {config.snapshot})" if config.snapshot.exists() else ""
            change = f"the notebook has changed{there}"
        raise SweepError(
            f"the study {config.study!r} in {without_password(config.storage)} belongs to another sweep: {change}; "
            "repeat its command, or choose another --out or --study."
        )
