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
    if not line.strip():
        raise ProgramError("expected what to watch: %%doctor model, optimizer")
    places, names = shell.ev(f"(lambda *places, **names: (places, names))({line})")
    with watch(*places, **names) as seen:
        shell.ex(shell.transform_cell(cell))
    return seen.report
