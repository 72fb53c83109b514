"""An error in one line, for the sentences of a report."""


def in_a_line(error: BaseException, most: int = 300) -> str:
    """Return the type of an error and its words without line breaks, at most so many characters of them."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:most]}"
