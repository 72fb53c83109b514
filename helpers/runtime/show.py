"""Shows one line in a notebook, with machine-readable data beside it; prints the line elsewhere."""

from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display


def show_line(line: str, data: dict[str, Any]) -> None:
    """Show a line of text.

    Args:
        line: what a reader sees where nothing richer is understood.
        data: further representations, mime type -> content.
    """
    if InteractiveShell.initialized():
        display({"text/plain": line, **data}, raw=True)  # type: ignore[no-untyped-call]
    else:
        print(line)
