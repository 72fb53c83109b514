"""A script runs in several processes, starts again after a crash, and ends with the limit of time."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

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


# Each process leaves its number in a file and waits; so does the agent of torchrun, which is its parent.
WAITING = """
import os
import time
from pathlib import Path

rank = os.environ["RANK"]
Path(f"{rank}.new").write_text(f"{os.getpid()} {os.getppid()}")
Path(f"{rank}.new").rename(f"{rank}.pids")
time.sleep(100)
"""
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc, and needs Linux's prctl")


def started(folder):
    """Return the numbers of the processes of a job, as soon as both workers have left theirs."""
    files, end = [folder / "0.pids", folder / "1.pids"], time.monotonic() + 120
    while not all(file.exists() for file in files):
        assert time.monotonic() < end, "the job did not start in time"
        time.sleep(0.05)
    return {int(number) for file in files for number in file.read_text().split()}


def alive(numbers):
    """Return those that still run; a process that has died and waits for its parent (a zombie) does not."""
    found = set()
    for number in numbers:
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state not in "ZX":
            found.add(number)
    return found


def all_gone(numbers):
    end = time.monotonic() + 30
    while alive(numbers) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(numbers)


@on_linux
def test_the_limit_ends_the_job_and_its_processes(write, tmp_path):
    assert torchrun(write(WAITING), limit=8).returncode != 0
    assert all_gone(started(tmp_path))


@on_linux
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_job_ends_with_the_notebook(write, tmp_path, end):
    code = "import sys\nfrom pathlib import Path\nfrom helpers.runtime import torchrun\ntorchrun(Path(sys.argv[1]))"
    notebook = subprocess.Popen([sys.executable, "-c", code, str(write(WAITING))], stderr=subprocess.DEVNULL)
    try:
        numbers = started(tmp_path)
        launcher = int(Path(f"/proc/{notebook.pid}/task/{notebook.pid}/children").read_text().split()[0])
        assert alive(numbers) == numbers
        os.kill(notebook.pid, end)  # this process alone, and not its group as Ctrl-C does
        assert notebook.wait(timeout=30) != 0
        assert all_gone({*numbers, launcher})
    finally:
        notebook.kill()
        notebook.wait()


@on_linux
def test_after_a_job_that_was_interrupted_the_next_one_runs(write, tmp_path):
    script, this_thread = write(WAITING), threading.get_ident()

    def interrupt():
        started(tmp_path)
        signal.pthread_kill(this_thread, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        torchrun(script)
    assert all_gone(started(tmp_path))
    assert torchrun(write("print('again')")).returncode == 0
