"""Sweeps: any chapter, run by papermill again and again as the trials of an Optuna study.

``python -m apps.sweep chapters/softmax-regression.ipynb -p lr log 1e-4 1e-1 --maximize "a claim" --out sweeps/a``

The study lives in a file of the output folder, or in a database that several machines share. It can be interrupted
at any moment and goes on with the same command. From Python, ``read_results`` reads what a sweep has found.
"""

import warnings
from collections.abc import Sequence

# Optuna and papermill load tqdm's notebook progress bar, which complains on stderr where ipywidgets is missing.
warnings.filterwarnings("ignore", message="IProgress not found")

from apps.sweep.messages import SweepError  # noqa: E402
from apps.sweep.results import read_results  # noqa: E402

__all__ = ["SweepError", "main", "read_results"]


def main(arguments: Sequence[str]) -> int:
    """Run the command line, as ``python -m apps.sweep`` does; return the exit status."""
    from apps.sweep import cli  # late: whoever reads results needs neither Optuna nor papermill

    return cli.main(arguments)
