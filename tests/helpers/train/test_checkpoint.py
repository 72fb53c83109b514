"""Checkpoints: exact resume, nothing lost in a crash, damage refused, nothing executed."""

import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from helpers import data, train
from helpers.train import archive, restore

CRASHES = Path(__file__).with_name("crash_while_saving.py")


def make_training(seed=0):
    torch.manual_seed(seed)
    inputs = torch.randn(40, 5, generator=torch.Generator().manual_seed(3))
    examples = data.Examples(inputs, (inputs[:, 0] > 0).long())
    model = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.3), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    batches = data.Batches(examples, 8, generator=torch.Generator().manual_seed(1))
    return model, optimizer, scheduler, batches


def run_epochs(model, optimizer, scheduler, batches, *, until, start=0):
    for _ in train.epochs(model, batches, cross_entropy, optimizer, epochs=until, start=start):
        scheduler.step()


def save(path, model, optimizer, scheduler, batches, **extra):
    train.save_checkpoint(
        path, model, optimizer, scheduler=scheduler, generator=batches.generator, **{"epoch": 3, **extra}
    )


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save(path, *make_training())
    return path


@pytest.mark.parametrize("stopped_after", [1, 2, 3, 4])
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, stopped_after):
    whole = make_training()
    run_epochs(*whole, until=5)

    first = make_training()
    run_epochs(*first, until=stopped_after)
    save(tmp_path / "c.pt", *first, epoch=stopped_after)

    second = make_training(seed=99)  # other weights and another random state: all must come from the file
    random.random(), np.random.rand(), torch.rand(3)
    model, optimizer, scheduler, batches = second
    done = train.load_checkpoint(
        tmp_path / "c.pt", model, optimizer, scheduler=scheduler, generator=batches.generator
    ).epoch
    run_epochs(*second, until=5, start=done)
    for name, tensor in whole[0].state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name]), name
    assert scheduler.get_last_lr() == whole[2].get_last_lr()


def test_python_s_and_numpy_s_random_states_are_restored(tmp_path):
    training = make_training()
    save(tmp_path / "c.pt", *training)
    expected = random.random(), np.random.rand(), torch.rand(2).tolist()
    train.load_checkpoint(tmp_path / "c.pt", training[0], training[1])
    assert (random.random(), np.random.rand(), torch.rand(2).tolist()) == expected


def test_extra_data_comes_back(tmp_path):
    training = make_training()
    save(tmp_path / "c.pt", *training, epoch=7, best=0.93, classes=["a", "b"])
    loaded = train.load_checkpoint(tmp_path / "c.pt", training[0])
    assert (loaded.epoch, dict(loaded.extra)) == (7, {"best": 0.93, "classes": ["a", "b"]})


def test_plain_torch_load_reads_the_file(saved):
    assert torch.load(saved, weights_only=True)["epoch"] == 3


def test_loading_for_inference_leaves_the_random_state_alone(saved):
    model = make_training()[0]
    torch.manual_seed(123)
    state = torch.get_rng_state()
    train.load_checkpoint(saved, model)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_missing_folder_is_made_and_no_temporary_file_stays(tmp_path):
    save(tmp_path / "runs" / "a" / "c.pt", *make_training())
    assert [path.name for path in (tmp_path / "runs" / "a").iterdir()] == ["c.pt"]


def refuses(path, model=None, match=None):
    """Loading fails with a CheckpointError, and neither model nor optimizer has changed."""
    model, optimizer, *_ = make_training() if model is None else (model, None)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(train.CheckpointError, match=match):
        train.load_checkpoint(path, model, optimizer)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_300_flipped_bits_are_all_refused(saved):
    good = saved.read_bytes()
    draw = random.Random(0)
    for _ in range(300):
        position, bit = draw.randrange(len(good)), draw.randrange(8)
        saved.write_bytes(good[:position] + bytes([good[position] ^ (1 << bit)]) + good[position + 1 :])
        with pytest.raises(train.CheckpointError, match=r"damaged|cut short"):
            archive.unpack(saved)
    refuses(saved, match="damaged")
    saved.write_bytes(good)
    archive.unpack(saved)


def test_100_truncations_are_all_refused(saved):
    good = saved.read_bytes()
    draw = random.Random(0)
    for length in [0, 1, len(good) - 1, *(draw.randrange(len(good)) for _ in range(97))]:
        saved.write_bytes(good[:length])
        with pytest.raises(train.CheckpointError, match="cut short"):
            archive.unpack(saved)


@pytest.mark.parametrize("tail", [b"\0", b"x" * 71, b"sha256:" + b"0" * 64])
def test_bytes_at_the_end_are_refused(saved, tail):
    saved.write_bytes(saved.read_bytes() + tail)
    refuses(saved)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.pt"):
        train.load_checkpoint(tmp_path / "nothing.pt", make_training()[0])


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (nn.Linear(5, 3), r"0\.bias has \(8,\), the model expects nothing"),
        (nn.Sequential(nn.Linear(6, 8)), r"0\.weight has \(8, 5\), the model expects \(8, 6\)"),
    ],
)
def test_another_model_is_refused_and_left_as_it_was(saved, model, match):
    refuses(saved, model, match)


def test_another_optimizer_is_refused_and_nothing_is_changed(saved):
    model, *_ = make_training()
    nn.init.zeros_(model[0].weight)
    state = torch.get_rng_state()
    with pytest.raises(train.CheckpointError, match="nothing was changed: the optimizer refuses its state"):
        train.load_checkpoint(saved, model, torch.optim.Adam([model[0].weight], lr=0.1))
    assert torch.count_nonzero(model[0].weight) == 0
    assert torch.equal(torch.get_rng_state(), state)


def test_another_kind_of_optimizer_is_refused_and_not_at_its_next_step(saved):
    model, *_ = make_training()
    with pytest.raises(train.CheckpointError, match=r"\.pt was saved with another optimizer: Adam, not SGD"):
        train.load_checkpoint(saved, model, torch.optim.SGD(model.parameters(), lr=0.1))


def test_another_kind_of_scheduler_is_refused(saved):
    model, optimizer, _, _ = make_training()
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    with pytest.raises(train.CheckpointError, match=r"\.pt was saved with another scheduler: StepLR, not"):
        train.load_checkpoint(saved, model, optimizer, scheduler=scheduler)


def everything(model, optimizer, scheduler, batches):
    """Return all that loading a checkpoint may change, as plain data that can be compared."""
    states = [part.state_dict() for part in (model, optimizer, scheduler)]
    return plain([*states, batches.generator.get_state(), restore.random_states()])


def plain(state):
    if isinstance(state, torch.Tensor):
        return state.tolist()
    if isinstance(state, dict):
        return {name: plain(value) for name, value in state.items()}
    return [plain(value) for value in state] if isinstance(state, list | tuple) else state


@pytest.mark.parametrize(
    ("name", "state", "refusal"),
    [
        ("generator", torch.zeros(3, dtype=torch.uint8), "the generator refuses its state: RuntimeError"),
        ("generator", "no tensor", "the generator refuses its state: TypeError"),
        ("scheduler", "no mapping", "the scheduler refuses its state: ValueError"),
        ("optimizer", {"state": {}, "param_groups": []}, "the optimizer refuses its state: ValueError"),
        ("random", {"python": random.Random(5).getstate(), "numpy": ("MT19937", [1], 0, 0, 0.0)}, "the random state"),
        ("random", {}, "the random state refuses its state: KeyError"),
    ],
)
def test_when_one_part_refuses_its_state_nothing_is_changed(saved, name, state, refusal):
    content = torch.load(saved, weights_only=True) | {name: state}
    buffer = io.BytesIO()
    torch.save(content, buffer)
    saved.write_bytes(archive.with_digest(buffer.getvalue()))
    training = make_training(seed=99)
    run_epochs(*training, until=2)  # so that the optimizer and the scheduler have something to lose
    before = everything(*training)
    model, optimizer, scheduler, batches = training
    with pytest.raises(train.CheckpointError, match=refusal):
        train.load_checkpoint(saved, model, optimizer, scheduler=scheduler, generator=batches.generator)
    assert everything(*training) == before


class Hostile:
    """Unpickling this calls a function; ``torch.load`` without ``weights_only`` does it without a word."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def hostile_contents(marker):
    python = f"open({str(marker)!r}, 'w').close()"
    attacks = [
        Hostile(os.system, f"touch {marker}"),
        Hostile(exec, python),
        Hostile(eval, python),
        Hostile(open, str(marker), "w"),
        Hostile(subprocess.Popen, ["touch", str(marker)]),
        Hostile(Path.touch, marker),
        Hostile(os.mkdir, str(marker)),
    ]
    for attack in attacks:
        yield attack
        yield {"format": archive.FORMAT, "epoch": 1, "model": {"weight": attack}}
        yield {"format": archive.FORMAT, "epoch": 1, "model": {}, "extra": [[attack]]}


def test_hostile_pickles_are_refused_and_not_executed(tmp_path):
    marker, path = tmp_path / "executed", tmp_path / "c.pt"
    for content in hostile_contents(marker):
        torch.save(content, path)
        path.write_bytes(archive.with_digest(path.read_bytes()))  # a forger can compute a digest, too
        refuses(path, match="more than plain data")
        assert not marker.exists()


def test_the_hostile_pickles_are_hostile(tmp_path):
    """The test above proves nothing unless the same files do harm when they are trusted."""
    marker, path = tmp_path / "executed", tmp_path / "c.pt"
    torch.save(next(iter(hostile_contents(marker))), path)
    torch.load(path, weights_only=False)
    assert marker.exists()


def test_plain_data_that_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / "c.pt"
    torch.save({"weight": torch.ones(2)}, path)
    refuses(path, match="without a SHA-256")
    path.write_bytes(archive.with_digest(path.read_bytes()))
    refuses(path, match="no checkpoint of format 3")


def crash_while_saving(folder, times, *mode):
    command = [sys.executable, CRASHES, folder, str(times), *mode]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9, which this system lacks")


@needs_fork
def test_kill_9_while_saving_leaves_the_last_good_checkpoint_100_times(tmp_path):
    result = crash_while_saving(tmp_path, 100)
    assert result["killed"] == 100
    assert result["hit_while_saving"] >= 20, "the experiment is worth something only if kills hit a save"
    assert result["unreadable"] == 0
    assert result["stepped_back"] == 0, "a checkpoint that was reported as saved is gone"


@needs_fork
def test_kill_9_destroys_files_that_are_written_in_place(tmp_path):
    """The control experiment: the same kills without the temporary file."""
    assert crash_while_saving(tmp_path, 15, "in-place")["unreadable"] > 0
