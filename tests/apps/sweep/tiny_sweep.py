"""A tiny notebook and the command that sweeps it, as real processes."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = """\
lr: float = 0.01  # learning rate
hidden: int = 16  # units
kind: str = "good"  # "good" or "bad"
seed: int = 0
"""
BODY = """\
import math, os, time
from pathlib import Path
from IPython.display import display

while Path("hold").exists():
    Path(f"held-{os.getpid()}").touch()
    time.sleep(0.02)
if kind == "bad":
    raise ValueError("this kind never works")
score = 1 / (1 + (math.log10(lr) + 2) ** 2) + hidden / 1000
claim = {"name": "score", "value": score, "bound": {"at_least": 0}, "passed": True}
display({"text/plain": "score", "application/vnd.course.claim+json": claim}, raw=True)
"""


def write_notebook(path, body=BODY, parameters=PARAMETERS):
    """Write a notebook that imports nothing heavy: a trial takes as long as its kernel takes to start."""
    cells = [
        new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]}),
        new_markdown_cell("# Tiny\n\n## Result", id="title"),
        new_code_cell(body, id="body"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


class Sweep:
    """The command, in a folder with a tiny notebook."""

    def __init__(self, folder):
        self.folder, self.out = folder, folder / "out"
        self.command = [sys.executable, "-m", "apps.sweep"]
        self.notebook = write_notebook(folder / "tiny.ipynb")

    def start(self, *words):
        command = [*self.command, "tiny.ipynb", "--out", "out", *map(str, words)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        # A shell starts what runs in the background deaf to Ctrl-C, and so would be the command in its tests.
        pipes["preexec_fn"] = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        return subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, **pipes)

    def __call__(self, *words):
        process = self.start(*words)
        process.out, process.err = process.communicate(timeout=120)
        return process

    def hold(self):
        """Make trials wait in their middle, from now on."""
        (self.folder / "hold").touch()

    def held(self):
        """Return how many trials wait, or have waited."""
        return len(list(self.folder.glob("held-*")))

    def release(self):
        (self.folder / "hold").unlink()


def children(pid):
    """Return a process's children and theirs: kernels, and what they have started."""
    psutil = pytest.importorskip("psutil")
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def kill(pids):
    """End processes as a power cut does: without a word."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def wait_for(condition, seconds=60):
    """Wait until a condition holds, and return its value."""
    give_up = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.05)
    return found


def gone(pids):
    psutil = pytest.importorskip("psutil")
    return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)
