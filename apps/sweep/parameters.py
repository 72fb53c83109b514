"""The parameters of a notebook: which ones it declares, and values for them."""

import ast
import math
from collections.abc import Callable
from pathlib import Path

from apps.sweep.messages import SweepError, first_line, quoted
from apps.sweep.notebook import Value, read

_READERS: dict[str, Callable[[str], Value]] = {
    "bool": lambda word: {"true": True, "false": False}[word.lower()],
    "int": int,
    "float": float,
    "str": str,
}
TYPES = tuple(_READERS)
_MOST_WHOLE = 2**63 - 1  # what a database keeps


def parameter_types(path: Path) -> dict[str, str]:
    """Return name -> type of the notebook's parameters: the annotation, or else the type of the literal.

    A sweep can use the types in ``TYPES``. A literal of another type, or an expression, has the type "".

    Raises:
        SweepError: there is no such notebook, or it has no parameters.
    """
    cells = [cell for cell in read(path).cells if "parameters" in cell.metadata.tags]
    if not cells:
        raise SweepError(f"{path.name} has no cell tagged 'parameters', so there is nothing to vary.")
    try:
        statements = ast.parse(cells[0].source).body
    except SyntaxError as error:
        raise SweepError(f"the parameters cell of {path.name} is not Python: {first_line(error)}") from error
    types: dict[str, str] = {}
    for statement in statements:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            types[statement.target.id] = ast.unparse(statement.annotation)
        elif isinstance(statement, ast.Assign):
            types |= {to.id: _type(statement.value) for to in statement.targets if isinstance(to, ast.Name)}
    return types


def _type(value: ast.expr) -> str:
    try:
        name = type(ast.literal_eval(value)).__name__
    except (ValueError, TypeError):
        return ""
    return name if name in TYPES else ""


def parse_value(name: str, text: str, of_type: str) -> Value:
    """Turn a word of the command line into the parameter's type.

    Raises:
        SweepError: the word does not have that type, or is a number without an end.
    """
    try:
        value = _READERS[of_type](text)
    except (KeyError, ValueError):
        article = "an int" if of_type == "int" else f"a {of_type}"
        raise SweepError(f"parameter {name!r} needs {article}, which {quoted(text)} is not.") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise SweepError(f"parameter {name!r} needs a finite number, which {quoted(text)} is not.")
    if isinstance(value, int) and abs(value) > _MOST_WHOLE:
        raise SweepError(f"parameter {name!r} needs a whole number up to 2^63, which {quoted(text)} is not.")
    return value
