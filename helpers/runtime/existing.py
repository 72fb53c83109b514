"""Parameters that name a file or a folder of the reader's own."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class ExistingPath:
    """The rule for a parameter that is "" (none given) or the path of something that exists and can be read.

    Attributes:
        kind: what has to be there.
    """

    kind: Literal["file", "folder"]

    @property
    def description(self) -> str:
        """What the rule allows, in words."""
        return f"the path of a {self.kind} that exists, or '' for none"

    def check(self, value: Any) -> str:
        """Return the absolute path, or "" for none.

        A relative path starts where the reader stands: in the shell's folder, or else in the notebook's own, which may
        be another one. ``~`` is the home folder.

        Raises:
            ValueError: nothing of that kind is there, or it cannot be read; says so in half a sentence.
        """
        if not isinstance(value, str):
            raise ValueError(f"must be {self.description}")
        if not value:
            return ""
        places = _places(value)
        there = [path for path in places if _exists(path)]
        if not there:
            looked = " nor ".join(str(path)[:200] for path in places)
            raise ValueError(f"there is {'neither' if len(places) > 1 else 'no'} {looked}")
        path = there[0]
        if path.is_dir() is not (self.kind == "folder"):
            raise ValueError(f"must be a {self.kind}, and {path} is {'a folder' if path.is_dir() else 'a file'}")
        if not os.access(path, os.R_OK | (os.X_OK if self.kind == "folder" else 0)):
            raise ValueError(f"you may not read {path}; change its permissions, or copy it")
        return str(path)


def _places(value: str) -> list[Path]:
    """Return where the path may lead, the likeliest place first."""
    path = Path(os.path.expanduser(value))  # noqa: PTH111 - Path.expanduser raises where there is no such user
    stands = Path(os.environ.get("PWD", "")).absolute()
    return list(dict.fromkeys([stands / path, Path.cwd() / path]))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or holds a zero byte; a folder that is closed to us
        return False


EXISTING_FILE = ExistingPath("file")
EXISTING_FOLDER = ExistingPath("folder")
