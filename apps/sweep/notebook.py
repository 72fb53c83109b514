"""The notebook of a sweep: one run of it, and the claims that the run recorded."""

import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.parameterize import parameterize_notebook  # type: ignore[import-untyped]

from apps.sweep.messages import MOST_CHARACTERS, SweepError, TrialError, find_disk_full, first_line
from helpers.files import write_whole

Value = bool | int | float | str
CLAIM_MIME = "application/vnd.course.claim+json"  # as in helpers.runtime, whose import would load PyTorch
KERNEL = "python3"  # the same Python as this command, whatever name an editor has left in the notebook
logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it would tell at length of each kernel that was ended


class Claim(NamedTuple):
    """A value that ``expect`` recorded, and the heading that it stands under."""

    section: str
    name: str
    value: Any


def read(path: Path) -> Any:
    """Read a notebook.

    Raises:
        SweepError: there is no notebook at ``path``.
    """
    if path.suffix != ".ipynb" or not path.is_file():
        raise SweepError(f"{path} is not a notebook; give the path of an .ipynb file.")
    try:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        notebook.metadata.setdefault("papermill", {})  # papermill reads this, and the tags of every cell
        for cell in notebook.cells:
            cell.metadata.setdefault("tags", [])
        return notebook
    except Exception as error:  # no JSON, JSON that is no notebook, a file that may not be read
        raise SweepError(f"cannot read {path.name} as a notebook: {first_line(error)[:200]}") from error


def digest(path: Path) -> str:
    """Return the SHA-256 of the cells; outputs and metadata do not count."""
    cells = read(path).cells
    return hashlib.sha256("\0".join(f"{cell.cell_type}\n{cell.source}" for cell in cells).encode()).hexdigest()


def run(
    source: Path,
    target: Path,
    parameters: Mapping[str, Value],
    *,
    folder: Path,
    cell_seconds: int | None,
    kernels: set[int],
) -> list[Claim]:
    """Execute a notebook with these parameters, and write it to ``target`` as far as it came.

    Args:
        source: the notebook.
        target: where the executed notebook goes; written after each cell.
        parameters: what papermill puts into a cell behind the one tagged ``parameters``.
        folder: the working directory of its kernel.
        cell_seconds: the longest that a cell may take.
        kernels: holds the process id of the kernel while it runs.

    Returns:
        Its claims.

    Raises:
        TrialError: a cell failed or left the notebook, a cell took too long, or the kernel died.
        OSError: the notebook could not be written.
    """
    notebook = parameterize_notebook(read(source), dict(parameters), kernel_name=KERNEL, language="python")

    pid = 0

    def started(**_: Any) -> None:
        nonlocal pid
        pid = client.km.provisioner.pid
        kernels.add(pid)

    def save(**_: Any) -> None:
        write_whole(target, nbformat.writes(notebook).encode())  # type: ignore[no-untyped-call]

    client: Any = NotebookClient(
        notebook,
        timeout=cell_seconds,
        kernel_name=KERNEL,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=CRITICAL"],  # the kernel's own log
        on_notebook_start=started,
        on_cell_complete=save,
    )
    client.log.setLevel("CRITICAL")
    try:
        _execute(client)
    finally:
        kernels.discard(pid)
        save()
    return claims(notebook)


def _execute(client: NotebookClient) -> None:
    # What the kernel's process says beside its cells is told only if it died: ZeroMQ may complain while a kernel
    # ends whose cells have all run.
    with TemporaryFile() as kernel_stderr:
        try:
            client.execute(stderr=kernel_stderr)
        except CellExecutionError as error:
            raise TrialError(_sentence(error)) from error
        except DeadKernelError as error:
            raise TrialError(f"DeadKernelError: {first_line(error)}{_last_words(kernel_stderr)}") from error
        except Exception as error:  # a cell past its time
            if find_disk_full(error):
                raise
            raise TrialError(f"{type(error).__name__}: {first_line(error)}") from error


def _last_words(kernel_stderr: IO[bytes]) -> str:
    kernel_stderr.seek(0)
    lines = kernel_stderr.read().decode(errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return f" ({said[-1][:MOST_CHARACTERS]})" if said else ""


def _sentence(error: CellExecutionError) -> str:
    if error.ename == "SystemExit":
        return f"a cell called sys.exit({error.evalue}), so the cells after it did not run"
    lines = [line for line in re.sub(r"\x1b\[[0-9;]*m", "", error.traceback).splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"{error.ename}: {error.evalue}"


def claims(notebook: Any) -> list[Claim]:
    """Return every claim of an executed notebook, in order."""
    found, section = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings: Sequence[str] = re.findall(r"^#{1,6} +(.+?) *$", cell.source, flags=re.MULTILINE)
            section = headings[-1] if headings else section
        for output in cell.get("outputs", []):
            data = output.get("data", {}).get(CLAIM_MIME)
            found += [Claim(section, data["name"], data["value"])] if data else []
    return found
