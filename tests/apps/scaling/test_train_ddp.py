"""The training script: two processes end where one ends, also if one of them is killed on the way."""

import os
import random
import signal
import subprocess
import sys
import time
import types
from functools import partial

import pytest
import torch
import torch.distributed as dist
from torch import nn

from apps.scaling import train_ddp
from book import notebooks
from book.notebooks import ROOT
from helpers import data, metrics, models, runtime, train
from helpers.data.transforms import crop_and_flip
from helpers.runtime.device import choose_precision

EPOCHS, KILLS = 60, 3
SECONDS = 240

pytestmark = pytest.mark.skipif(
    not (dist.is_available() and dist.is_gloo_available()), reason="this PyTorch has no gloo to join processes with"
)


# The launcher behind torchrun, called as a function: a restart is a fork, without a new import of what it needs.
LAUNCHER = """
import sys

import torch._dynamo  # each optimizer asks for it, and it takes seconds to import
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from apps.scaling import train_ddp

config = LaunchConfig(
    min_nodes=1,
    max_nodes=1,
    nproc_per_node=2,
    rdzv_backend="c10d",
    rdzv_endpoint="127.0.0.1:0",
    local_addr="127.0.0.1",
    max_restarts=8,
    monitor_interval=0.02,
    start_method="fork",
)
elastic_launch(config, train_ddp.main)(sys.argv[1:])
"""


def start(folder, *words):
    """Start the script in two processes, on a free port of this machine."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    environment["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"  # or a restart waits for processes that are gone
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", LAUNCHER, "--out", str(folder), *words]
    return subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)


def epochs_done(folder, model):
    file = folder / "last.ckpt"
    return train.load_checkpoint(file, model).epoch if file.exists() else 0


def weights(folder):
    model = models.MLP(64, (64,), 10)
    assert epochs_done(folder, model) == EPOCHS
    return model.state_dict()


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    train_ddp.main(["--out", str(folder), "--epochs", str(EPOCHS)])
    return weights(folder)


def kill_one(launcher, folder):
    """Kill a process of the two at a random moment after a few more epochs, in the midst of training."""
    psutil = pytest.importorskip("psutil")
    give_up = time.monotonic() + SECONDS
    model = models.MLP(64, (64,), 10)
    epoch = epochs_done(folder, model) + random.randint(2, 8)  # one may be saved after a kill, and two not
    while epochs_done(folder, model) < epoch:
        assert launcher.poll() is None, launcher.communicate()[1]
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)
    time.sleep(random.uniform(0, 0.1))
    random.choice(psutil.Process(launcher.pid).children()).send_signal(signal.SIGKILL)


def test_killed_processes_change_nothing_of_the_result(tmp_path, alone):
    random.seed()  # at other moments in each run
    job = start(tmp_path, "--epochs", str(EPOCHS))
    try:
        for _ in range(KILLS):
            kill_one(job, tmp_path)
        printed, complained = job.communicate(timeout=SECONDS)
    finally:
        job.terminate()
        job.wait()
    assert job.returncode == 0, complained
    assert complained.count("failed (exitcode") >= KILLS  # of a killed one, or of the other, which it left alone
    assert printed.count("world size 2, on cpu; the last checkpoint is") == 1
    survived = weights(tmp_path)
    assert max(float((survived[name] - alone[name]).abs().max()) for name in alone) < 1e-4


def recipe_of_the_chapter():
    """Return the names that the cnn chapter needs to train, with its own functions among them."""
    names = {"nn": nn, "torch": torch, "data": data, "metrics": metrics, "runtime": runtime, "train": train}
    cpu = torch.device("cpu")
    names["run"] = types.SimpleNamespace(device=cpu, precision=choose_precision(cpu, mixed=True))
    for cell in notebooks.code_cells(notebooks.read(notebooks.CHAPTERS / "cnn.ipynb")):
        if cell.source.startswith(("def standardize(", "def new_optimizer(", "def train_network(")):
            exec(cell.source, names)
    return names


def test_photographs_are_trained_on_by_the_recipe_of_the_cnn_chapter(tmp_path, capsys):
    words = ["--dataset", "photo-patches", "--epochs", "2", "--width", "4", "--batch-size", "256"]
    train_ddp.main(["--out", str(tmp_path), *words])
    assert capsys.readouterr().out.startswith("epoch 1/2  loss ")
    names = recipe_of_the_chapter()
    task = names["standardize"](data.load("photo-patches", seed=0))
    change = partial(crop_and_flip, generator=torch.Generator().manual_seed(0))
    network, _ = names["train_network"](
        lambda: models.ResNet(3, 10, width=4, stages=2, stem=4), task.train, 0, epochs=2, batch_size=256, change=change
    )
    saved = models.ResNet(3, 10, width=4, stages=2, stem=4)
    train.load_checkpoint(tmp_path / "last.ckpt", saved)
    for ours, theirs in zip(saved.state_dict().values(), network.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    train_ddp.main(["--out", str(tmp_path), "--epochs", "1"])
    with pytest.raises(SystemExit, match=r"last.ckpt is of a training with epochs 1, not 2. Name another --out."):
        train_ddp.main(["--out", str(tmp_path), "--epochs", "2"])


def test_a_process_without_a_gpu_of_its_own_is_told_so(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(SystemExit, match="Each process needs a GPU of its own, and this machine has 2"):
        train_ddp.join("auto")
