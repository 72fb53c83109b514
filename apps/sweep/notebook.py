"""The notebook of a sweep: which parameters it has, one run of it, and the claims that a run recorded."""

import ast
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from apps.sweep.errors import SweepError, first_line, nearest
from apps.sweep.plan import Plan
from apps.sweep.space import RANGES, Axis, Value

CLAIM_MIME = "application/vnd.course.claim+json"  # as in helpers.runtime, whose import would load PyTorch
TYPES = ("int", "float", "str", "bool")
_WORDS = {"true": True, "false": False}


class Claim(NamedTuple):
    """A value that ``expect`` recorded, and the heading that it stands under."""

    section: str
    name: str
    value: Any


class TrialError(RuntimeError):
    """A run of the notebook failed; the message is its last line."""


def declared(path: Path) -> dict[str, str]:
    """Return name -> type of the notebook's parameters: the annotation, or else the type of the literal.

    A sweep can use the types in ``TYPES``. A literal of another type, or an expression, has the type "".

    Raises:
        SweepError: there is no such notebook, or it has no parameters; or papermill is not installed.
    """
    if path.suffix != ".ipynb" or not path.is_file():
        raise SweepError(f"{path} is not a notebook; give the path of an .ipynb file.")
    try:
        import papermill  # type: ignore[import-untyped]
    except ImportError:
        raise SweepError("a sweep runs notebooks with papermill; install it: pip install papermill nbformat") from None
    try:
        found = papermill.inspect_notebook(str(path))
    except Exception as error:  # no kernel named, no JSON, a cell that cannot be read
        raise SweepError(f"papermill cannot read {path.name}: {first_line(error)}") from error
    if not found:
        raise SweepError(f"{path.name} has no cell tagged 'parameters', so there is nothing to vary.")
    return {name: _type(parameter["inferred_type_name"], parameter["default"]) for name, parameter in found.items()}


def _type(annotation: str, default: str) -> str:
    if annotation != "None":  # papermill's word for none
        return annotation
    try:
        kind = type(ast.literal_eval(default)).__name__
    except (ValueError, SyntaxError):
        return ""
    return kind if kind in TYPES else ""


def check(axes: Sequence[Axis], fixed: Mapping[str, str], types: Mapping[str, str]) -> None:
    """Refuse names that the notebook does not have, names given twice, parameters and ranges of the wrong kind."""
    names = [axis.name for axis in axes] + list(fixed)
    for name in names:
        if name not in types:
            raise SweepError(f"the notebook has no parameter {name!r}; {nearest(name, list(types))}")
        if names.count(name) > 1:
            raise SweepError(f"parameter {name!r} is given twice.")
        if types[name] not in TYPES:
            raise SweepError(f"parameter {name!r} {_odd(types[name])} int, float, str or bool.")
    for axis in axes:
        kind = types[axis.name]
        wrong = {"int": ("float", "log"), "str": tuple(RANGES), "bool": tuple(RANGES)}.get(kind, ())
        if axis.kind in wrong:
            use = "int or intlog" if kind == "int" else "choice"
            said = f"parameter {axis.name!r} is {kind} in the notebook"
            raise SweepError(f"{said}, so its kind cannot be {axis.kind}: {use}.")


def _odd(kind: str) -> str:
    if kind:
        return f"is annotated {kind}; a sweep needs one that is annotated"
    return "has no annotation, and a value that does not tell its type; annotate it as"


def typed(name: str, text: str, kind: str) -> Value:
    """Turn a word of the command line into the parameter's type.

    Raises:
        SweepError: the word does not have that type.
    """
    try:
        if kind == "bool":
            return _WORDS[text.lower()]
        if kind in ("int", "float"):
            return int(text) if kind == "int" else float(text)
    except (KeyError, ValueError):
        raise SweepError(f"parameter {name!r} is {kind} in the notebook, which {text!r} is not.") from None
    return text


def digest(path: Path) -> str:
    """Return the SHA-256 of the cells; outputs and metadata do not count."""
    import nbformat

    cells = nbformat.read(path, as_version=4).cells  # type: ignore[no-untyped-call]
    return hashlib.sha256("\0".join(f"{cell.cell_type}\n{cell.source}" for cell in cells).encode()).hexdigest()


def run(plan: Plan, parameters: Mapping[str, Value], target: Path) -> list[Claim]:
    """Execute the kept notebook in the folder of the original, with these parameters, into ``target``.

    Returns:
        Its claims.

    Raises:
        TrialError: a cell failed, or the kernel died.
    """
    import papermill

    options = {"cwd": str(Path(plan.notebook).parent), "progress_bar": False, "execution_timeout": plan.cell_seconds}
    options["extra_arguments"] = ["--log-level=CRITICAL"]  # the kernel's own log
    try:
        executed = papermill.execute_notebook(str(plan.kept), str(target), parameters={**parameters}, **options)
    except papermill.PapermillExecutionError as error:
        raise TrialError(_last_line(error.traceback) or f"{error.ename}: {error.evalue}") from error
    except Exception as error:  # a dead kernel, a cell past its time
        raise TrialError(f"{type(error).__name__}: {first_line(error)}") from error
    return claims(executed)


def _last_line(traceback: Sequence[str]) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traceback))
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def claims(notebook: Any) -> list[Claim]:
    """Return every claim of an executed notebook, in order."""
    found, section = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = re.findall(r"^#{1,6} +(.+?) *$", cell.source, flags=re.MULTILINE)
            section = headings[-1] if headings else section
        for output in cell.get("outputs", []):
            data = output.get("data", {}).get(CLAIM_MIME)
            found += [Claim(section, data["name"], data["value"])] if data else []
    return found


def with_types(axis: Axis, kind: str) -> Axis:
    """Return the axis with its choices turned into the parameter's type."""
    if axis.kind != "choice":
        return axis
    return Axis(axis.name, axis.kind, tuple(typed(axis.name, str(value), kind) for value in axis.values))
