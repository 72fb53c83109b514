"""Files from the network: verified, kept in a cache, and never replaced by something else."""

import os
from dataclasses import dataclass
from pathlib import Path

from helpers.data.data_error import DataError

CACHE_VARIABLE = "COURSE_DATA"


@dataclass(frozen=True)
class Remote:
    """A file that can be downloaded.

    Args:
        name: the file's name, on each mirror and in the cache.
        md5: its MD5 in hexadecimal, 32 digits.
        mirrors: addresses of folders, each ending in a slash, in the order to try.
    """

    name: str
    md5: str
    mirrors: tuple[str, ...]


def cache_folder(cache: str | Path | None = None) -> Path:
    """The folder of downloads: `cache`, else the environment variable COURSE_DATA, else the system's own place."""
    import pooch  # only here and below: it brings progress bars along, which warn where there is no widget for them

    chosen = cache or os.environ.get(CACHE_VARIABLE) or pooch.os_cache("executable-pytorch")
    return Path(chosen).expanduser()


def fetch(remote: Remote, folder: Path, *, instead: str) -> Path:
    """The path of a file in `folder` that is known to be right, downloaded first if it is not there.

    A file that is there already is verified again. A download is written to a temporary file, verified and
    renamed, so that a crash at any moment leaves either no file or the right one.

    Args:
        remote: which file.
        folder: where it is kept; made if missing.
        instead: the bundled data set that the error names as a way on.

    Raises:
        DataError: if no mirror has given the file with the right MD5.
    """
    import pooch

    path = folder / remote.name
    troubles = []
    if path.exists():
        if pooch.file_hash(str(path), alg="md5") == remote.md5:
            return path
        aside = path.replace(path.with_name(path.name + ".damaged"))
        troubles.append(f"{path}: was there with a wrong MD5; moved aside as {aside.name}")
    downloader = pooch.HTTPDownloader(progressbar=True, chunk_size=2**16, timeout=(5, 30))
    for mirror in remote.mirrors:
        url = mirror + remote.name
        try:
            pooch.retrieve(url, f"md5:{remote.md5}", remote.name, folder, downloader=downloader)
        except (OSError, ValueError) as error:  # pooch has removed the temporary file
            troubles.append(f"{url}: {_reason(error)}")
        else:
            return path
    raise DataError(_message(remote, path, troubles, instead))


def _reason(error: BaseException) -> str:
    if isinstance(error, ValueError) and "hash" in str(error):
        return "came with a wrong MD5; removed"
    while error.__cause__ or error.__context__:  # the innermost says it shortest: "Connection refused"
        error = error.__cause__ or error.__context__ or error
    return f"{type(error).__name__}: {error}"


def _message(remote: Remote, path: Path, troubles: list[str], instead: str) -> str:
    first = f"{remote.name} is not in {path.parent} and could not be downloaded."
    tried = [f"  tried {trouble}" for trouble in troubles]
    return "\n".join(
        [
            first,
            *tried,
            f"Connect to the network; or put the file there by hand (MD5 {remote.md5}), or set {CACHE_VARIABLE} to "
            f"a folder with {path.parent.name}/{remote.name}; or load {instead!r}, which needs no download.",
        ]
    )
