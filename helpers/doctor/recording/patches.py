"""Functions that are replaced for a while, and put back whatever happens in between."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any


class Patches:
    """A stack of replacements; leaving the ``with`` puts every one back, last first.

    ``replace`` takes a function that receives the original and returns what stands in for it.
    """

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> "Patches":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.undo()

    def replace(self, owner: Any, name: str, stand_in: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        """Put ``stand_in(original)`` in the place of ``owner.name``: a module's function or a class's method."""
        own = name in vars(owner)
        original = vars(owner)[name] if own else getattr(owner, name)
        setattr(owner, name, stand_in(original))
        self._undo.append(lambda: setattr(owner, name, original) if own else delattr(owner, name))

    def on_exit(self, undo: Callable[[], None]) -> None:
        """Call ``undo`` when all is put back, for example the ``remove`` of a hook's handle."""
        self._undo.append(undo)

    def undo(self) -> None:
        """Put everything back now; a second call does nothing."""
        while self._undo:
            self._undo.pop()()


def family(base: type, method: str) -> Iterator[type]:
    """Yield the class and all its subclasses that write ``method`` themselves."""
    waiting, seen = [base], set()
    while waiting:
        kind = waiting.pop()
        if kind in seen:
            continue
        seen.add(kind)
        waiting.extend(kind.__subclasses__())
        if method in vars(kind):
            yield kind
