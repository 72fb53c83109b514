"""Published files: found where the reader has them, else downloaded; verified by content, never replaced."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.data.data_error import DataError
from helpers.data.formats.gzipped import DAMAGED, open_unpacked

CACHE_VARIABLE = "COURSE_DATA"


@dataclass(frozen=True)
class Remote:
    """A file that can be downloaded.

    Args:
        name: the file's name, on each mirror and in the cache.
        md5: its MD5 in hexadecimal, 32 digits, as it is downloaded.
        mirrors: addresses of folders, each ending in a slash, in the order to try.
        content_md5: the MD5 of what a gzipped file holds, so that it is known also unpacked, or packed anew. Empty
            for a file that is not gzipped.
    """

    name: str
    md5: str
    mirrors: tuple[str, ...]
    content_md5: str = ""

    def is_right(self, path: Path) -> bool:
        """Whether a file is the published one, in whatever gzip wrapping.

        Raises:
            OSError, EOFError, zlib.error: it cannot be read, or its gzip wrapping is damaged.
        """
        if not self.content_md5:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "md5").hexdigest() == self.md5
        with open_unpacked(path) as unpacked:
            return hashlib.file_digest(unpacked, "md5").hexdigest() == self.content_md5


def cache_folder(cache: str | Path | None = None) -> Path:
    """The folder of downloads: `cache`, else the environment variable COURSE_DATA, else the system's own place.

    A relative COURSE_DATA starts where the reader stood when he set it. A notebook runs in the folder `chapters`, so
    that is the shell's own record of its folder, PWD.
    """
    import pooch  # only here and below: it brings progress bars along, which warn where there is no widget for them

    if cache:
        return Path(cache).expanduser().absolute()
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(os.environ.get("PWD", "")).absolute() / Path(chosen).expanduser()
    return Path(pooch.os_cache("executable-pytorch"))


def fetch(remote: Remote, folder: Path, *, instead: str, elsewhere: Sequence[Path] = ()) -> Path:
    """The path of a file that is known to be right: one that the reader has, or else a download.

    A download is written to a temporary file, verified and renamed, so that a crash at any moment leaves either no
    file or the right one. What the reader has is neither renamed nor overwritten, right or not.

    Args:
        remote: which file; also looked for under its name without .gz.
        folder: where to look first, and where a download goes; made if missing.
        instead: the bundled data set that the error names as a way on.
        elsewhere: other folders to look in.

    Raises:
        DataError: if no mirror has given the right file, or something else is in its place, or the folder cannot be
            written to.
    """
    found, troubles = _find(remote, [folder, *elsewhere])
    if found:
        return found
    target = folder / remote.name
    by_hand = f"put the file there by hand (MD5 {remote.md5})"
    bundled = f"load {instead!r}, which needs no download"
    if os.path.lexists(target):
        ways = ["Move it away, so that it can be downloaded", f"set {CACHE_VARIABLE} to another folder", bundled]
        raise _error(f"{target} is in the way.", troubles, ways)
    if trouble := _cannot_write(folder):
        ways = [f"Set {CACHE_VARIABLE} to a folder of your own", by_hand, bundled]
        raise _error(f"{remote.name} is not in {folder}, and cannot be written there: {trouble}.", troubles, ways)
    for mirror in remote.mirrors:
        if not (trouble := _download(remote, mirror, folder)):
            return target
        troubles.append(f"tried {mirror}{remote.name}: {trouble}")
    to_folder = f"set {CACHE_VARIABLE} to a folder with {folder.name}/{remote.name}"
    ways = ["Connect to the network", by_hand, to_folder, bundled]
    raise _error(f"{remote.name} is not in {folder} and could not be downloaded.", troubles, ways)


def _find(remote: Remote, folders: Sequence[Path]) -> tuple[Path | None, list[str]]:
    """The right file in some folders, or None; and what was in its place and is not right."""
    troubles = []
    names = dict.fromkeys([remote.name, remote.name.removesuffix(".gz")])
    for path in [folder / name for folder in folders for name in names]:
        trouble = _trouble(remote, path)
        if not trouble:
            return path, []
        if os.path.lexists(path):
            troubles.append(f"{path} is not the published {remote.name}: {trouble}; it was left as it is")
    return None, troubles


def _error(first: str, troubles: Sequence[str], ways: Sequence[str]) -> DataError:
    return DataError("\n".join([first, *(f"  {trouble}" for trouble in troubles), "; or ".join(ways) + "."]))


def _trouble(remote: Remote, path: Path) -> str:
    """Why a file is not the right one; nothing if it is."""
    try:
        return "" if remote.is_right(path) else "its MD5 is another"
    except DAMAGED as error:
        return _reason(error)


def _cannot_write(folder: Path) -> str:
    """Why no file can be written to a folder, which is made if it is missing; nothing if one can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # to try is the only sure way to know
    except OSError as error:
        return _reason(error)
    return ""


def _download(remote: Remote, mirror: str, folder: Path) -> str:
    """Download the file from one mirror; return what went wrong, or nothing."""
    import pooch

    downloader = pooch.HTTPDownloader(progressbar=True, chunk_size=2**16, timeout=(5, 30))
    try:
        pooch.retrieve(mirror + remote.name, f"md5:{remote.md5}", remote.name, folder, downloader=downloader)
    except (OSError, ValueError) as error:  # pooch has removed the temporary file
        return _reason(error)
    return ""


def _reason(error: BaseException) -> str:
    if isinstance(error, ValueError) and "hash" in str(error):
        return "came with a wrong MD5; removed"
    while error.__cause__ or error.__context__:  # the innermost says it shortest: "Connection refused"
        error = error.__cause__ or error.__context__ or error
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
