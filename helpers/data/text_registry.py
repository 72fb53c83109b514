"""The text data sets by name."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from helpers.data.ag_news import ag_news
from helpers.data.doclines import doclines
from helpers.data.download import cache_folder
from helpers.data.texts import TextSplits

BUNDLED_TEXTS: dict[str, Callable[[int], TextSplits]] = {"doclines": doclines}
DOWNLOADED_TEXTS: dict[str, Callable[[int, Path], TextSplits]] = {"ag-news": ag_news}


def load_texts(name: str, *, seed: int = 0, cache: str | Path | None = None) -> TextSplits:
    """Load a text data set by name, divided into training, validation and test sets.

    Args:
        name: "doclines", which is read from the docstrings of installed libraries, or "ag-news", which is
            downloaded once.
        seed: decides the split, and nothing else; 0 to 2**32 - 1.
        cache: the folder of downloads. None takes the environment variable COURSE_DATA, or the system's own
            cache folder where that is not set.

    Raises:
        ValueError: if there is no text data set of that name.
        DataError: if a file or a library is missing, or is damaged.
    """
    if name in BUNDLED_TEXTS:
        return BUNDLED_TEXTS[name](seed)
    if name in DOWNLOADED_TEXTS:
        return DOWNLOADED_TEXTS[name](seed, cache_folder(cache))
    known = [*BUNDLED_TEXTS, *DOWNLOADED_TEXTS]
    nearest = get_close_matches(name.lower(), known, n=1, cutoff=0)[0]
    raise ValueError(f"There is no text data set {name!r}; did you mean {nearest!r}? Known: {', '.join(known)}.")
