"""An engine for papermill that writes the notebook once.

papermill's own writes the whole file before and after every cell. With two hundred cells and their pictures that is a
third of the processor time that a chapter takes.
"""

from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

NAME = "written-once"


class WrittenOnceEngine(NBClientEngine):
    """Runs the cells as papermill does, and saves at the end, also when the run breaks off."""

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
