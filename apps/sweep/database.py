"""A study in a database that several machines share: opened by many at once, patient with a server that restarts.

Optuna's heartbeat tells which trials are alive, by the database's own clock. A trial whose process has been silent for
``GRACE_SECONDS`` is taken for lost, and Optuna's callback runs it again.
"""

import contextlib
import random
import re
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote

import sqlalchemy
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy.exc import IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from apps.sweep.messages import SweepError, find_in_chain, first_line, root_cause
from apps.sweep.trials import run_again

BEAT_SECONDS = 10  # how often a process says that its trial is alive
GRACE_SECONDS = 60  # the silence after which it counts as dead
PATIENCE_SECONDS = 60  # how long to wait for a server that does not answer any more
ATTEMPTS = 20  # at making the tables, while other processes make them, too
ALREADY_THERE = {"23505", "42P07", "42710"}  # SQL's states for: unique violation, duplicate table, duplicate object
KNOWN = "write postgresql://, mysql:// or sqlite:///, or the path of a journal file"
PACKAGES = {"psycopg": '"psycopg[binary]"', "psycopg2": "psycopg2-binary", "MySQLdb": "mysqlclient"}
FAILURES = (SQLAlchemyError, StorageInternalError)


class Database(RDBStorage):
    """Optuna's storage in a relational database, with retries."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url,
            # no limit to the pool: each thread has its connection
            engine_kwargs={"pool_pre_ping": True, "pool_size": 0, "connect_args": _connect_options(url)},
            heartbeat_interval=BEAT_SECONDS,
            grace_period=GRACE_SECONDS,
            heartbeat_stale_trial_callback=partial(run_again, max_retry=1),
        )
        sqlalchemy.event.listen(self.engine, "do_connect", _connect_patiently)

    def record_heartbeat(self, trial_id: int) -> None:
        """Say that a trial is alive; a beat that fails is made up for by the next one."""
        with contextlib.suppress(*FAILURES):
            super().record_heartbeat(trial_id)

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Record the end of a trial, again if the server went away meanwhile: hours of work hang on it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        tried = False
        while True:
            try:
                return super().set_trial_state_values(trial_id, state, values)
            except UpdateFinishedTrialError:
                if tried and self.get_trial(trial_id).state == state:  # it was the answer alone that got lost
                    return True
                raise
            except FAILURES:
                if time.monotonic() > deadline:
                    raise
                tried = True
                time.sleep(0.5)


def _connect_options(url: str) -> dict[str, Any]:
    if url.startswith("postgres"):
        return {"connect_timeout": 10, "client_encoding": "utf8"}  # a server with a C locale sends bytes otherwise
    return {"timeout": PATIENCE_SECONDS} if url.startswith("sqlite") else {}


@contextlib.contextmanager
def _one_at_a_time(url: str) -> Iterator[None]:
    """Let one process make Optuna's tables, while those that start at the same time wait."""
    if not url.startswith("postgres"):
        yield
        return
    engine = sqlalchemy.create_engine(url, poolclass=NullPool, connect_args=_connect_options(url))
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("select pg_advisory_lock(hashtext('optuna'))"))
        yield  # closing the connection gives the lock back


def _connect_patiently(dialect: Any, _: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    """Connect to a server that did answer once, and may be restarting now."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return dialect.connect(*arguments, **options)
        except dialect.dbapi.Error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def open_database(url: str) -> Database:
    """Open the database, and make Optuna's tables if they are not there.

    Raises:
        SweepError: it cannot be reached, or no driver for it is installed.
    """
    if "@" in _credentials(url):
        raise SweepError(f"{without_password(url)} has an @ in its user or password; write it as %40.")
    for attempt in range(ATTEMPTS):
        try:
            with _one_at_a_time(url):
                return Database(url)
        except NoSuchModuleError:
            raise SweepError(f"a sweep knows no database such as {without_password(url)}; {KNOWN}.") from None
        except ImportError as error:
            raise SweepError(f"cannot open the storage {without_password(url)}: {_missing_driver(error)}") from None
        except Exception as error:  # each driver has errors of its own
            if attempt == ATTEMPTS - 1 or not _lost_a_race(error):
                raise SweepError(f"cannot open the storage {without_password(url)}: {reason(error, url)}") from None
            time.sleep(random.uniform(0.05, 0.5))
    raise AssertionError("the last attempt returns or raises")


def _lost_a_race(error: Exception) -> bool:
    """Return whether another process has just made the same table: the next attempt finds it there."""
    cause = root_cause(error)
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state in ALREADY_THERE or "already exists" in str(cause) or isinstance(error, IntegrityError)


def _missing_driver(error: ImportError) -> str:
    module = root_cause(error).name or "psycopg"  # type: ignore[attr-defined]
    return f"its driver {module} is not installed: pip install {PACKAGES.get(module, module)}"


def find_failure(error: BaseException) -> BaseException | None:
    """Return the database's failure among the errors that led to this one, if there is one."""
    return find_in_chain(error, lambda found: isinstance(found, FAILURES))


def reason(error: BaseException, url: str) -> str:
    """Return the first line of the driver's own message, without the password."""
    text = first_line(root_cause(error))
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def without_password(url: str) -> str:
    """Return the URL as it may be shown: no password, and no query, which may hold one."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        return url
    credentials = _credentials(url)
    user, _, password = credentials.partition(":")
    rest = rest[len(credentials) + 1 :] if "@" in rest else rest
    shown = f"{user}{':***' if password else ''}@" if credentials else ""
    return f"{scheme}://{shown}{rest.partition('?')[0]}"


def _credentials(url: str) -> str:
    """Return USER:PASSWORD. Up to the last @, since a password that nobody has quoted may hold anything."""
    return url.partition("://")[2].rpartition("@")[0]


def _secrets(url: str) -> set[str]:
    """Return every text that is, or may be a piece of, a password."""
    password = _credentials(url).partition(":")[2]
    pieces = [password, *re.split("[@/?#]", password)]
    pieces += re.findall(r"(?i)[?&][^=&]*(?:pass|pwd|secret|token|key)[^=&]*=([^&]+)", url)
    return {form for piece in pieces for form in (piece, unquote(piece)) if len(form) > 2 or form == password != ""}
