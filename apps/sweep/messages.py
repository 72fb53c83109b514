"""What a sweep says when something goes wrong: two exceptions, and short sentences made of other people's errors."""

import errno
from collections.abc import Callable

MOST_CHARACTERS = 200


class SweepError(ValueError):
    """A sweep cannot start or go on; the message is one sentence for the person who typed the command."""


class TrialError(RuntimeError):
    """One run of the notebook failed; the message is the last line of its traceback."""


def quoted(text: str) -> str:
    """Return what somebody typed in quotation marks, its middle left out if it is long."""
    if len(text) <= MOST_CHARACTERS:
        return repr(text)
    half = MOST_CHARACTERS // 2
    return f"{text[:half]!r}...{text[-half:]!r} ({len(text)} characters)"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message; some errors have none."""
    return (str(error).strip() or "no message").splitlines()[0]


def root_cause(error: BaseException) -> BaseException:
    """Return the error that another one was raised from: the driver's own, below SQLAlchemy's and Optuna's."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def find_in_chain(error: BaseException | None, matches: Callable[[BaseException], bool]) -> BaseException | None:
    """Return the first error, of those that led to this one, that matches; Optuna hides some behind others."""
    while error is not None and not matches(error):
        error = error.__cause__ or error.__context__
    return error


def find_disk_full(error: BaseException) -> BaseException | None:
    """Return the error which says that there is no room on the disk, or none left for this user."""
    full = (errno.ENOSPC, errno.EDQUOT)
    return find_in_chain(error, lambda found: isinstance(found, OSError) and found.errno in full)
