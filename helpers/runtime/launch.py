"""Starts a script in several processes, as ``torchrun`` does, from a notebook and with a limit of time.

The launcher behind ``torchrun`` runs in a process of its own, which imports torch once and waits for work. On Linux
each job is a copy of this process, and so are the processes of the job, so that nobody imports torch again. Elsewhere
copies are not safe: each process imports torch for itself, and each job has a new launcher.

On Linux they all end with the process that has started them, however that one ends: also after ``kill -9``. Elsewhere
a killed notebook leaves its job running up to its limit.
"""

import atexit
import ctypes
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ERROR_CHARACTERS = 8000
COPIES = sys.platform == "linux"
SIGNAL_OF_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG in Linux's <sys/prctl.h>
PREPARED = ("torch._dynamo", "torch.distributed.launcher.api")  # every optimizer imports the first one
_waiting: list[subprocess.Popen[str]] = []  # the launcher, if one was started


def torchrun(
    script: Path, *arguments: object, processes: int = 2, restarts: int = 0, limit: float = 200
) -> subprocess.CompletedProcess[str]:
    """Run a script in its own folder in several processes, and print what they print.

    Args:
        script: a Python file, which every process runs from beginning to end.
        arguments: further words of its command line.
        processes: how many; each finds its number and theirs in the variables ``RANK`` and ``WORLD_SIZE``.
        restarts: how often all of them are started again if one dies.
        limit: seconds after which all of them are ended.

    Returns:
        What ``subprocess.run`` returns: ``returncode`` (0 if all processes succeeded), ``stdout`` and ``stderr``.
    """
    words = [str(script), *map(str, arguments)]
    with tempfile.TemporaryDirectory(prefix="torchrun-") as folder:
        output, errors = Path(folder, "output.txt"), Path(folder, "errors.txt")
        places = {"folder": str(script.parent), "output": str(output), "errors": str(errors)}
        code = _ask({"words": words, "processes": processes, "restarts": restarts, "limit": limit, **places})
        texts = [path.read_text("utf-8", errors="replace") if path.exists() else "" for path in (output, errors)]
    print(texts[0], end="")
    if code:
        print(texts[1][-ERROR_CHARACTERS:])
    return subprocess.CompletedProcess(words, code, *texts)


def _ask(request: dict[str, Any]) -> int:
    """Let the launcher do a job, and return the exit status of the job."""
    if not _waiting or _waiting[0].poll() is not None:
        _waiting[:] = [_started()]
    launcher = _waiting[0]
    assert launcher.stdin
    assert launcher.stdout
    try:
        launcher.stdin.write(f"{json.dumps(request)}\n")
        launcher.stdin.flush()
        return int(launcher.stdout.readline() or 1)  # no answer: it has died
    except BaseException:  # interrupted: what it would answer is no longer wanted
        launcher.kill()
        raise


def _started() -> subprocess.Popen[str]:
    """Start a launcher whose processes have one thread each, and whose connections stay on this machine."""
    _, loopback = socket.if_nameindex()[0]  # the first connection of a machine leads to itself
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": loopback,
        # Every start, also one after a crash, makes a new table of addresses: an old one has those of the dead.
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }
    # -P: no module of this folder hides another
    command = [sys.executable, "-P", "-X", "utf8", __file__, str(os.getpid())]
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    launcher = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=nothing, encoding="utf-8")
    atexit.register(_end, launcher)
    return launcher


def _end(launcher: subprocess.Popen[str]) -> None:
    """End a launcher, which goes on until nobody can ask it any more."""
    launcher.kill()
    launcher.communicate()


def _end_with(parent: int) -> None:
    """Let Linux kill this process when its parent dies, which no signal handler of ours could do after ``kill -9``."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(SIGNAL_OF_PARENTS_DEATH, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it could be watched
        os._exit(1)


def _serve(asker: int) -> None:
    """Do the jobs that come as lines of JSON, one after the other, and answer with their exit status."""
    _end_with(asker)
    for module in PREPARED:
        importlib.import_module(module)
    answers = os.dup(1)
    for line in sys.stdin:
        job = json.loads(line)
        if COPIES:
            launcher = os.getpid()
            copy = os.fork()
            if copy == 0:
                _end_with(launcher)
                os._exit(_status_of(job))
            status = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
        else:
            status = _status_of(job)
        os.write(answers, f"{status}\n".encode())
        if not COPIES:
            return


def _status_of(job: dict[str, Any]) -> int:
    """Do a job in this process, which then writes and reads nothing else."""
    for number, path, kind in ((0, os.devnull, "r"), (1, job["output"], "w"), (2, job["errors"], "w")):
        with Path(path).open(kind) as file:
            os.dup2(file.fileno(), number)
    status = 0
    try:
        os.chdir(job["folder"])
        _launch(job)
    except BaseException as error:  # whatever it is, the one who has asked wants to read it
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _launch(job: dict[str, Any]) -> None:
    """Run a script with its command line in several processes, which is what ``torchrun --standalone`` does."""
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=job["processes"],
        run_id="notebook",
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        local_addr="127.0.0.1",
        max_restarts=job["restarts"],
        start_method="fork" if COPIES else "spawn",
    )
    signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, job["limit"])
    elastic_launch(config, _run)(os.getpid(), job["words"])
    signal.setitimer(signal.ITIMER_REAL, 0)


def _too_long(*_: object) -> None:
    """End a job: the launcher ends its processes when it meets an error."""
    raise TimeoutError("The job took longer than its limit.")


def _run(agent: int, words: list[str]) -> None:
    """Run a script as the main program of this process, which ends with the agent that has started it."""
    _end_with(agent)
    sys.argv = words
    runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    _serve(asker=int(sys.argv[1]))
