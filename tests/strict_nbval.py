"""Makes nbval compare figures too, and notice a dead kernel at once: loaded with ``pytest -p tests.strict_nbval``.

nbval by itself leaves images out of its comparison, and waits out a cell's whole time for a kernel that has died.
"""

import time
from queue import Empty

import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile

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
        super().setup()
        self.kernel.__class__ = WatchedKernel
        self.kernel.chapter = self.path.name


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    found = yield
    return [StrictFile.from_parent(parent, path=file_path) if isinstance(node, IPyNbFile) else node for node in found]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if isinstance(item, IPyNbCell) and item.parent.kernel is not None and not item.parent.kernel.is_alive():
        pytest.skip(f"the kernel of {item.parent.path.name} died, or hung and was stopped, in an earlier cell")
