"""The error of every data set that cannot be had."""


class DataError(RuntimeError):
    """A data set is missing, damaged or not what it should be; the message says what to do."""
