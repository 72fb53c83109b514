"""Makes nbval compare figures too, and notice a dead kernel at once: loaded with ``pytest -p tests.strict_nbval``.

nbval by itself leaves images out of its comparison, and waits out a cell's whole time for a kernel that has died.

A Colab edition runs as on Colab: in an empty folder, with a Python that has no ``helpers`` but those that it brings.
"""

import os
import tempfile
import time
from pathlib import Path
from queue import Empty

import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile

from book.colab import SETUP_ID
from tests import like_colab

COMPARED_TOO = {"image/png", "image/jpeg"}
LOOK_EVERY = 1.0  # seconds


class KernelDiedError(RuntimeError):
    pass


class WatchedKernel(RunningKernel):
    """Waits for a reply in short slices, and looks between them whether the kernel still lives."""

    chapter = "?"

    def await_reply(self, msg_id, timeout=None):
        deadline = time.monotonic() + (timeout or float("inf"))
        while True:
            try:
                return super().await_reply(msg_id, timeout=max(0.0, min(LOOK_EVERY, deadline - time.monotonic())))
            except Empty:
                if not self.is_alive():
                    raise KernelDiedError(f"the kernel of {self.chapter} died while running this cell") from None
                if time.monotonic() >= deadline:
                    raise


class StrictFile(IPyNbFile):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.skip_compare = tuple(key for key in self.skip_compare if key not in COMPARED_TOO)

    def setup(self):
        if self.nb.cells[0].get("id") == SETUP_ID:
            self.start_like_colab()
        else:
            super().setup()
        self.kernel.__class__ = WatchedKernel
        self.kernel.chapter = self.path.name

    def start_like_colab(self):
        """Start the kernel of an edition, which has to bring its own ``helpers``, and to leave nothing behind."""
        scratch = tempfile.TemporaryDirectory(prefix="like-colab-", ignore_cleanup_errors=True)
        self.addfinalizer(scratch.cleanup)
        folder = Path(scratch.name)
        python = like_colab.make_python(folder, self.nb)
        self.addfinalizer(lambda: assert_no_helpers(python))
        assert_no_helpers(python)
        (folder / "empty").mkdir()
        os.environ["JUPYTER_PATH"] = str(like_colab.make_kernel(folder, python))
        patience = self.config.option.nbval_kernel_startup_timeout
        self.kernel = RunningKernel(like_colab.KERNEL, cwd=str(folder / "empty"), startup_timeout=patience)
        self.setup_sanitize_files()


def assert_no_helpers(python):
    assert not like_colab.has_helpers(python), "this Python should not have helpers but those that the edition brings"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    found = yield
    return [StrictFile.from_parent(parent, path=file_path) if isinstance(node, IPyNbFile) else node for node in found]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if isinstance(item, IPyNbCell) and item.parent.kernel is not None and not item.parent.kernel.is_alive():
        pytest.skip(f"the kernel of {item.parent.path.name} died, or hung and was stopped, in an earlier cell")
