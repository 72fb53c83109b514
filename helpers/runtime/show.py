"""Shows one line in a notebook, with machine-readable data beside it; prints the line elsewhere."""

import sys
from typing import Any


def show_line(line: str, data: dict[str, Any]) -> None:
    """Show a line of text.

    Args:
        line: what a reader sees where nothing richer is understood.
        data: further representations, mime type -> content.
    """
    ipython = sys.modules.get("IPython")  # not imported here: it takes long, and a script does without
    if ipython is not None and ipython.get_ipython() is not None:
        ipython.display.display({"text/plain": line, **data}, raw=True)
    else:
        print(line)
