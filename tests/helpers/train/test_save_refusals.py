"""What cannot be loaded again is not saved, what does not fit is not loaded, and the sentence says why."""

import datetime
import errno
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from helpers import files, train


def make_model():
    return nn.Sequential(nn.Linear(4, 3))


def save(path, model=None, *, lr=0.1, **extra):
    model = model or make_model()
    train.save_checkpoint(path, model, torch.optim.SGD(model.parameters(), lr=lr), epoch=1, **extra)


@pytest.mark.parametrize(
    ("options", "place", "kind"),
    [
        ({"best": np.float64(0.8)}, "extra['best']", "numpy.float64"),
        ({"scores": [0.5, np.float32(0.8)]}, "extra['scores'][1]", "numpy.float32"),
        ({"table": np.ones(3)}, "extra['table']", "numpy.ndarray"),
        ({"data": {"folder": Path("/data")}}, "extra['data']['folder']", "pathlib.PosixPath"),
        ({"when": datetime.date(2025, 1, 1)}, "extra['when']", "datetime.date"),
        ({"counts": defaultdict(list)}, "extra['counts']", "collections.defaultdict"),
        ({"key": lambda x: x}, "extra['key']", "builtins.function"),
        ({"lr": np.logspace(-3, -1, 3)[1]}, "optimizer['param_groups'][0]['lr']", "numpy.float64"),
    ],
)
def test_what_could_never_be_loaded_is_refused_by_name_and_the_good_one_stays(tmp_path, options, place, kind):
    path = tmp_path / "c.pt"
    save(path, which="the good one")
    with pytest.raises(train.CheckpointError) as caught:
        save(path, **options)
    assert f"never be loaded again: {place} is a {kind};" in str(caught.value)
    assert train.load_checkpoint(path, make_model()).extra == {"which": "the good one"}


def test_plain_data_of_every_kind_is_saved(tmp_path):
    extra = {"number": 0.5, "text": "a", "none": None, "list": [1, (2, 3)], "dict": {"a": {1: True}}, "set": {1, 2}}
    save(tmp_path / "c.pt", **extra, tensor=torch.ones(2))
    loaded = dict(train.load_checkpoint(tmp_path / "c.pt", make_model()).extra)
    assert torch.equal(loaded.pop("tensor"), torch.ones(2))
    assert loaded == extra


@pytest.mark.parametrize(
    ("number", "said"), [(errno.EACCES, "Permission denied"), (errno.ENOSPC, "No space left on device")]
)
def test_a_place_that_takes_no_file_is_named_in_a_sentence(tmp_path, monkeypatch, number, said):
    def refuse(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", refuse)  # root may write into a folder that is read-only
    with pytest.raises(train.CheckpointError, match=rf"c\.pt was not saved: {said}; choose a place"):
        save(tmp_path / "c.pt")
    assert list(tmp_path.iterdir()) == []


class Counting(nn.Module):
    """A model that keeps something besides tensors."""

    def __init__(self):
        super().__init__()
        self.linear, self.calls = nn.Linear(4, 3), 0

    def get_extra_state(self):
        return {"calls": self.calls}

    def set_extra_state(self, state):
        self.calls = state["calls"]


def test_a_model_with_an_extra_state_comes_back(tmp_path):
    model, twin = Counting(), Counting()
    model.calls = 7
    save(tmp_path / "c.pt", model)
    train.load_checkpoint(tmp_path / "c.pt", twin)
    assert twin.calls == 7
    assert torch.equal(twin.linear.weight, model.linear.weight)


def test_a_missing_extra_state_is_named(tmp_path):
    save(tmp_path / "c.pt", Counting())
    with pytest.raises(train.CheckpointError, match="_extra_state has no tensor, the model expects nothing"):
        train.load_checkpoint(tmp_path / "c.pt", nn.Sequential())


@pytest.mark.parametrize(
    ("wrap", "name"),
    [(nn.DataParallel, "nn.DataParallel or DistributedDataParallel"), (torch.compile, "torch.compile")],
)
def test_the_prefix_of_a_wrapper_gets_a_hint(tmp_path, wrap, name):
    wrapped, plain = wrap(make_model()), make_model()
    save(tmp_path / "wrapped.pt", wrapped)
    with pytest.raises(train.CheckpointError, match=f"from a model in {name}: save the model inside"):
        train.load_checkpoint(tmp_path / "wrapped.pt", plain)
    save(tmp_path / "plain.pt", plain)
    with pytest.raises(train.CheckpointError, match=f"from a plain model: load it before wrapping .* by {name}"):
        train.load_checkpoint(tmp_path / "plain.pt", wrapped)
    train.load_checkpoint(tmp_path / "wrapped.pt", wrap(plain))
    assert torch.equal(plain[0].weight, next(wrapped.parameters()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_another_number_format_is_not_converted_in_silence(tmp_path, dtype):
    save(tmp_path / "c.pt", make_model().to(dtype))
    model = make_model()
    before = model[0].weight.clone()
    with pytest.raises(train.CheckpointError, match=rf"0\.weight was saved as {dtype}, the model has torch\.float32"):
        train.load_checkpoint(tmp_path / "c.pt", model)
    assert torch.equal(model[0].weight, before)
    train.load_checkpoint(tmp_path / "c.pt", model.to(dtype))
