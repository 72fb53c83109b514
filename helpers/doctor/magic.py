"""The cell magic ``%%doctor model, optimizer``: runs its cell under ``watch`` and shows the findings.

``%load_ext helpers.doctor`` makes it known. IPython itself is not imported here: it hands its shell over.
"""

from typing import Any

from helpers.doctor.findings import Report
from helpers.doctor.probing.program import ProgramError
from helpers.doctor.watch import watch


def load_ipython_extension(shell: Any) -> None:
    """Make ``%%doctor`` known to this shell; IPython calls this for ``%load_ext``."""
    shell.register_magic_function(lambda line, cell: run(shell, line, cell), "cell", "doctor")


def run(shell: Any, line: str, cell: str) -> Report:
    """Run a cell under ``watch`` and return its report, which the notebook shows.

    Args:
        shell: of IPython.
        line: what stands behind ``%%doctor``: the arguments of ``watch``, as in ``model, optimizer, frozen=["body"]``.
        cell: the code; an error in it goes on to the notebook, with everything put back.
    """
    places, names = arguments(shell, line)
    with watch(*places, **names) as seen:
        shell.ex(shell.transform_cell(cell))
    return seen.report


def arguments(shell: Any, line: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what stands behind ``%%doctor``, as arguments of ``watch``."""
    wanted = "expected what to watch, by names that earlier cells define: %%doctor model, optimizer"
    if not line.strip():
        raise ProgramError(f"{wanted}; nothing came")
    try:
        places, names = shell.ev(f"(lambda *places, **names: (places, names))({line})")
    except Exception as error:  # whatever the line says
        raise ProgramError(f"{wanted}; {line.strip()!r} gives {type(error).__name__}: {error}") from error
    return places, names
