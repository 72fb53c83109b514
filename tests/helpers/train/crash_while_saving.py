"""Kill a process with SIGKILL while it saves checkpoints, again and again; print what was left as JSON.

Usage: python crash_while_saving.py FOLDER TIMES [in-place]
With ``in-place``, files are written over the last good one, as plain torch.save does: the control experiment.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch
from torch import nn

from helpers import train
from helpers.train import checkpoint


def make_model() -> nn.Module:
    """Four megabytes of weights: a write takes long enough to be hit in its middle."""
    return nn.Linear(1024, 1024)


def save_for_ever(path: Path, first: int, ready: int) -> None:
    """Save one checkpoint after another, each with the next epoch's number, and report each that is complete."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    epoch, parent = first, os.getppid()
    while os.getppid() == parent:  # nobody is left behind if the parent itself is stopped
        train.save_checkpoint(path, model, optimizer, epoch=epoch)
        os.write(ready, epoch.to_bytes(8, "little"))
        epoch += 1


def crash_once(path: Path, first: int, delay: float) -> int:
    """Fork a saver, kill it ``delay`` seconds into a write; return the last epoch that it had reported as saved."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            save_for_ever(path, first, writable)
        finally:
            os._exit(1)
    os.close(writable)
    reported = int.from_bytes(os.read(readable, 8), "little")  # it is under way
    wait_for_write(path.parent)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(readable, "rb") as pipe:
        rest = pipe.read()
    return max([reported, *(int.from_bytes(rest[i : i + 8], "little") for i in range(0, len(rest), 8))])


def wait_for_write(folder: Path) -> None:
    """Return when a file in the folder has been written to, or made, since now."""
    before, give_up = state_of(folder), time.monotonic() + 2
    while state_of(folder) == before and time.monotonic() < give_up:
        pass


def state_of(folder: Path) -> list[tuple[str, int, int]]:
    try:
        found = [(entry.name, entry.stat()) for entry in os.scandir(folder)]
    except FileNotFoundError:  # renamed in this moment, which is a change
        return []
    return sorted((name, state.st_mtime_ns, state.st_size) for name, state in found)


def write_in_place(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def main() -> None:
    folder, times = Path(sys.argv[1]), int(sys.argv[2])
    path, draw = folder / "checkpoint.pt", random.Random(0)
    if sys.argv[3:] == ["in-place"]:
        checkpoint.write_whole = write_in_place
    model = make_model()
    # Saving once here makes PyTorch load what it loads late, so that no child has to.
    train.save_checkpoint(path, model, torch.optim.SGD(model.parameters(), lr=0.1), epoch=1)
    result = {"killed": 0, "unreadable": 0, "stepped_back": 0, "hit_while_saving": 0}
    epoch = 2
    for _ in range(times):
        saved = crash_once(path, epoch, delay=draw.uniform(0.0, 0.004))
        result["killed"] += 1
        left = list(folder.glob(".checkpoint.pt.*.tmp"))
        result["hit_while_saving"] += len(left)
        for temporary in left:
            temporary.unlink()
        try:
            found = train.load_checkpoint(path, make_model()).epoch
        except train.CheckpointError:
            result["unreadable"] += 1
            found = saved
        result["stepped_back"] += found < saved
        epoch = found + 1
    print(json.dumps(result))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
