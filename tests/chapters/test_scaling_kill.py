"""The training of the chapter survives twenty kills of its processes, at random moments, with the same weights."""

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

KILLS, EPOCHS = 20, 24
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
    images = torch.rand(640, 64, generator=torch.Generator().manual_seed(0))
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
    code = PROGRAM.format(taught=taught(), epochs=EPOCHS, restarts=KILLS + 2, pause=pause)
    (folder / "job.py").write_text(code, encoding="utf-8")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    environment["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"  # or a restart may wait for addresses of the dead
    with (folder / "errors.txt").open("w") as errors:
        return subprocess.Popen([sys.executable, "job.py"], cwd=folder, env=environment, stderr=errors)


def kill_one(folder, draw):
    """Kill a process of the job, chosen by chance, and say whether there was one to kill."""
    place = folder / f"rank{draw.choice([0, 1])}.pid"
    if not place.exists():
        return False
    victim = int(place.read_text())
    try:
        if Path(f"/proc/{victim}/cwd").readlink() == folder.resolve():
            place.unlink()  # the next process under this rank writes it again
            os.kill(victim, signal.SIGKILL)
            return True
    except (FileNotFoundError, ProcessLookupError):  # it has ended by itself
        pass
    return False


def run_and_kill(folder, kills, draw):
    """Run the job to its end, kill it so many times on the way, and return how many kills there were."""
    job, done, end = start(folder, 0.02 if kills else 0), 0, time.monotonic() + LIMIT
    try:
        while job.poll() is None:
            assert time.monotonic() < end, "the job did not end in time"
            time.sleep(draw.uniform(0.05, 0.6))
            if done < kills:
                done += kill_one(folder, draw)
    finally:
        if job.poll() is None:
            job.terminate()
            job.wait()
    assert job.returncode == 0, (folder / "errors.txt").read_text()[-3000:]
    return done


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
def test_twenty_kills_at_random_moments_change_no_bit(tmp_path):
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    calm.mkdir()
    killed.mkdir()
    assert run_and_kill(calm, 0, random.Random(0)) == 0
    assert run_and_kill(killed, KILLS, random.Random(0)) == KILLS
    weights = [json.loads((folder / "survived.json").read_text()) for folder in (calm, killed)]
    assert weights[0] == weights[1]
    attempts = {int(line.split()[0]) for line in (killed / "log.txt").read_text().splitlines()}
    assert max(attempts) >= KILLS // 2  # a kill may hit before a step was done, and two may fall into one attempt
