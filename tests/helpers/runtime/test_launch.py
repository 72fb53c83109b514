"""A script runs in several processes, starts again after a crash, and ends with the limit of time."""

import sys

import pytest

from helpers.runtime import torchrun

SCRIPT = """
import os
import signal
import sys
from pathlib import Path

import torch
import torch.distributed as dist

dist.init_process_group("gloo")
rank, attempt = dist.get_rank(), int(os.environ["TORCHELASTIC_RESTART_COUNT"])
if rank == 1 and attempt == 0:
    os.kill(os.getpid(), signal.SIGKILL)
ranks = torch.tensor([10.0**rank])
dist.all_reduce(ranks)
if rank == 0:
    print(f"{ranks.item():.0f} {attempt} {torch.get_num_threads()} {sys.argv[1:]} {Path.cwd()} {__name__} 数")
dist.destroy_process_group()
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "script.py"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_three_processes_start_again_after_a_crash(write, tmp_path, capfd):
    job = torchrun(write(SCRIPT), "train", tmp_path / "表.csv", processes=3, restarts=1)
    assert job.returncode == 0, job.stderr
    words = ["train", str(tmp_path / "表.csv")]
    assert job.stdout == f"111 1 1 {words} {tmp_path} __main__ 数\n"
    assert capfd.readouterr().out == job.stdout


def test_a_script_that_fails_tells_its_error(write, capsys):
    job = torchrun(write("raise ValueError('no such table')"))
    assert job.returncode != 0
    assert "no such table" in capsys.readouterr().out


def test_the_limit_ends_the_launcher(write):
    assert torchrun(write("import time; time.sleep(100)"), limit=1).returncode != 0
