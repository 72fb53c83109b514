"""Two engines for papermill.

One writes the notebook once: papermill's own writes the whole file before and after every cell. With two hundred cells
and their pictures that is a third of the processor time that a chapter takes.

The other runs a reader's notebook as papermill does. In both, the kernel keeps its own log to itself: it warns of
eavesdroppers on a connection that never leaves the machine, and calls its own end an error.
"""

from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

NAME = "written-once"
QUIET = "quiet-kernel"


class QuietKernelEngine(NBClientEngine):
    """Runs the cells as papermill does, without the kernel's own log."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, *arguments: Any, **options: Any) -> None:
        """Execute the cells; see papermill for the arguments."""
        super().execute_managed_notebook(nb_man, *arguments, extra_arguments=["--log-level=CRITICAL"], **options)


class WrittenOnceEngine(QuietKernelEngine):
    """Runs the cells as that one does, and saves at the end, also when the run breaks off."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, *arguments: Any, **options: Any) -> None:
        """Execute the cells; see papermill for the arguments."""
        path, nb_man.output_path = nb_man.output_path, None
        try:
            super().execute_managed_notebook(nb_man, *arguments, **options)
        finally:
            nb_man.output_path = path
            nb_man.save()


papermill_engines.register(NAME, WrittenOnceEngine)
papermill_engines.register(QUIET, QuietKernelEngine)
