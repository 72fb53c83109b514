"""What a sweep says when something goes wrong: two exceptions, and short sentences made of other people's errors."""

import errno

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


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error says that there is no room on the disk, or none left for this user."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
