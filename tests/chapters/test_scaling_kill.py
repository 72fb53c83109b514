"""The training of the chapter survives twenty kills of its processes, at random moments, with the same weights.

Each kill hits an attempt that has computed a step, after a checkpoint. The job saves after every tenth step, and an
epoch has 29: no multiple of 10 before step 290 ends an epoch, so every attempt after a kill goes on inside an epoch.
"""

import ast
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from book import notebooks

KILLS, EPOCHS, STEPS_OF_EPOCH, SAVED_EVERY = 20, 8, 29, 10
TAUGHT = ["Block", "Tower", "new_training", "one_step", "save_whole", "save_job", "load_job", "survive"]
LIMIT = 300  # seconds for the whole job, which takes about twenty on an idle machine

# The launcher behind torchrun, called as a function: a restart is a fork, without a new import of torch.
PROGRAM = """
import json, os, signal, sys, time
from pathlib import Path

import torch
import torch._dynamo  # each optimizer asks for it, and it takes seconds to import
import torch.distributed as dist
from torch import nn
from torch.distributed.launcher.api import LaunchConfig, elastic_launch
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

torch.set_num_threads(1)
hidden, depth, epochs, seed = 32, 2, {epochs}, 0
{taught}

quick_step = one_step


def one_step(*arguments):
    time.sleep({pause})  # so that the job lasts long enough to be killed
    quick_step(*arguments)


def kill_once(*arguments):
    pass  # the test kills from outside


def process():
    place = Path(f"rank{{os.environ['RANK']}}.pid")
    place.with_suffix(".new").write_text(str(os.getpid()))
    place.with_suffix(".new").replace(place)
    dist.init_process_group("gloo")
    survive()
    dist.destroy_process_group()


if __name__ == "__main__":
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=2,
        run_id="kill",
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        local_addr="127.0.0.1",
        max_restarts={restarts},
        monitor_interval=0.02,
        start_method="fork",
    )
    images = torch.rand(64 * {steps_of_epoch}, 64, generator=torch.Generator().manual_seed(0))
    torch.save((images, images[:, :10].argmax(dim=1)), "digits.pt")
    elastic_launch(config, process)()
    weights = torch.load("survived.pt")
    Path("survived.json").write_text(json.dumps({{name: weights[name].tolist() for name in weights}}))
"""


def taught():
    """Return the functions and classes of the chapter that the job runs, as text."""
    found = {}
    for cell in notebooks.code_cells(notebooks.read(notebooks.CHAPTERS / "scaling.ipynb")):
        for node in ast.parse(cell.source).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[node.name] = ast.get_source_segment(cell.source, node)
    return "\n\n\n".join(found[name] for name in TAUGHT)


def start(folder, pause):
    """Start the job in a folder, with so many seconds between two steps; it makes up digits of its own."""
    code = PROGRAM.format(
        taught=taught(), epochs=EPOCHS, steps_of_epoch=STEPS_OF_EPOCH, restarts=KILLS + 2, pause=pause
    )
    (folder / "job.py").write_text(code, encoding="utf-8")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    environment["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"  # or a restart may wait for addresses of the dead
    with (folder / "errors.txt").open("w") as errors:
        return subprocess.Popen([sys.executable, "job.py"], cwd=folder, env=environment, stderr=errors)


def steps_logged(folder):
    """Return the attempt and the number of each step that was computed so far, in their order."""
    log = folder / "log.txt"
    lines = log.read_text().splitlines() if log.exists() else []
    return [tuple(map(int, line.split())) for line in lines if len(line.split()) == 2]


def wait_for_steps_of(job, folder, attempt):
    """Wait until an attempt has computed a step, and there is a checkpoint from which another one could go on."""
    end = time.monotonic() + LIMIT
    while not (folder / "job.pt").exists() or steps_logged(folder)[-1][0] < attempt:
        assert job.poll() is None, (folder / "errors.txt").read_text()[-3000:]
        assert time.monotonic() < end, f"attempt {attempt} did not start in time"
        time.sleep(0.01)


def kill_one(folder, draw):
    """Kill one of the two processes of the job, chosen by chance."""
    victim = int((folder / f"rank{draw.choice([0, 1])}.pid").read_text())
    assert Path(f"/proc/{victim}/cwd").readlink() == folder.resolve()
    os.kill(victim, signal.SIGKILL)


def run_and_kill(folder, kills, draw):
    """Run the job to its end, and kill a process of it so many times on the way, at random moments."""
    job = start(folder, 0.02 if kills else 0)
    try:
        for attempt in range(kills):
            wait_for_steps_of(job, folder, attempt)
            time.sleep(draw.uniform(0, 0.25))  # a dozen steps at most: twenty kills come before the end
            kill_one(folder, draw)
        job.wait(timeout=LIMIT)
    finally:
        if job.poll() is None:
            job.terminate()
            job.wait()
    assert job.returncode == 0, (folder / "errors.txt").read_text()[-3000:]


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
def test_twenty_kills_at_random_moments_change_no_bit(tmp_path):
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    calm.mkdir()
    killed.mkdir()
    run_and_kill(calm, 0, random.Random(0))
    run_and_kill(killed, KILLS, random.Random(0))
    weights = [json.loads((folder / "survived.json").read_text()) for folder in (calm, killed)]
    assert weights[0] == weights[1]

    assert [step for _, step in steps_logged(calm)] == list(range(1, EPOCHS * STEPS_OF_EPOCH + 1))
    first_steps = {}
    for attempt, step in steps_logged(killed):
        first_steps.setdefault(attempt, step)
    assert list(first_steps) == list(range(KILLS + 1))
    resumed_after = [first_steps[attempt] - 1 for attempt in range(1, KILLS + 1)]
    assert all(step > 0 and step % SAVED_EVERY == 0 for step in resumed_after)
    assert all(step % STEPS_OF_EPOCH != 0 for step in resumed_after), "no attempt begins where an epoch does"
