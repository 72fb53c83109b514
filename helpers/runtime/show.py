"""Shows one line in a notebook, with machine-readable data beside it; prints the line elsewhere, and once."""

import sys
from typing import Any

from helpers.runtime.processes import rank


def show_line(line: str, data: dict[str, Any]) -> None:
    """Show a line of text; of several processes that train together, only rank 0 does.

    Args:
        line: what a reader sees where nothing richer is understood.
        data: further representations, mime type -> content.
    """
    if rank() != 0:
        return
    ipython = sys.modules.get("IPython")  # not imported here: it takes long, and a script does without
    if ipython is not None and ipython.get_ipython() is not None:
        ipython.display.display({"text/plain": line, **data}, raw=True)
    else:
        print(line)
