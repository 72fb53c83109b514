"""Which names a notebook has given as parameters.

In a fresh notebook that is everything plain in its namespace. When "Run all" is pressed a second time, though, the
namespace also holds what the chapter has computed since; then the history of the cells tells which are parameters.
"""

import ast
import sys
from collections.abc import Collection, Mapping
from typing import Any

LITERALS = (bool, int, float, str, list, dict, tuple, set, type(None))
INJECTED = "# Parameters"  # how papermill's injected cell begins


def assigned_parameters(namespace: Mapping[str, Any], expected: Collection[str]) -> list[str]:
    """Return the names that were given as parameters, known or not.

    Args:
        namespace: a notebook's ``globals()``, or any other names.
        expected: the parameters that the start cell has rules for.

    Returns:
        With a history of cells: the names assigned in the latest cell that assigns all expected ones, and in the cell
        that papermill put behind it. Without one (a script, a run that keeps no history): all plain values.
    """
    cells = _executed_cells(namespace)
    if not cells:
        return [name for name, value in namespace.items() if isinstance(value, LITERALS) and not _is_internal(name)]
    assigned = [_assigned(source) for source in cells]
    for place in reversed(range(len(cells))):
        if assigned[place].issuperset(expected):
            injected = place + 1 < len(cells) and cells[place + 1].lstrip().startswith(INJECTED)
            return sorted(assigned[place] | (assigned[place + 1] if injected else set()))
    return []


def _executed_cells(namespace: Mapping[str, Any]) -> list[str]:
    """Return the sources of the cells that this notebook has run so far, the oldest first."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or namespace is not shell.user_ns:
        return []
    return [source for source in shell.history_manager.input_hist_parsed if source]


def _assigned(source: str) -> set[str]:
    """Return the names that a cell assigns at its top level; none if it is not plain Python."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return set()
    targets = [target for one in statements if isinstance(one, ast.Assign) for target in one.targets]
    targets += [one.target for one in statements if isinstance(one, ast.AnnAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _is_internal(name: str) -> bool:
    return name.startswith("_") or name in ("In", "Out")  # what IPython keeps in a notebook's namespace
