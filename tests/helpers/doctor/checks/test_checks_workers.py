"""Workers that draw the same random numbers as one another, or in each epoch, and those that do not."""

import multiprocessing
import time

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, get_worker_info

from helpers.doctor import examine
from helpers.doctor.checks.workers import check_workers
from tests.helpers.doctor.small import blobs, causes, mlp, program

ALIKE = {"workers-draw-alike": "fault"}
REPEATED = {"augmentation-repeats": "fault"}


class Noisy(Dataset):
    """Points with noise, which ``draw`` takes from one of many places."""

    def __init__(self, draw):
        self.inputs, self.labels = blobs()
        self.draw, self.rng = draw, np.random.default_rng(0)

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, index):
        return self.inputs[index] + torch.as_tensor(self.draw(self, index)).float(), self.labels[index]


def of_numpy(_data, _index):
    return np.random.randn(6)


def of_torch(_data, _index):
    return torch.randn(6)


def of_own(data, _index):
    return data.rng.normal(size=6)


def of_own_coin(data, _index):
    return data.rng.integers(2)


def of_lazy(data, _index):
    if not hasattr(data, "seeded"):
        data.seeded = np.random.default_rng(torch.initial_seed())
    return data.seeded.normal(size=6)


def of_index(_data, index):
    return np.random.default_rng(index).normal(size=6)


def of_rare(data, _index):
    return float(data.rng.random() < 0.02)


def same_seed(_worker):
    np.random.seed(0)


def own_seed(worker):
    np.random.seed((torch.initial_seed() + worker) % 2**32)


def number_as_seed(worker):
    np.random.seed(worker)


def through_info(_worker):
    info = get_worker_info()
    info.dataset.rng = np.random.default_rng(info.seed)


@pytest.mark.parametrize(
    ("draw", "others", "expected"),
    [
        (of_own, {}, ALIKE),
        (of_own, {"persistent_workers": True}, ALIKE),
        (of_own_coin, {}, ALIKE),
        (of_numpy, {"worker_init_fn": same_seed}, ALIKE),
        (of_numpy, {"worker_init_fn": number_as_seed}, REPEATED),
        (of_own, {"num_workers": 1}, REPEATED),
        (of_numpy, {}, {}),  # PyTorch seeds NumPy's global generator in each worker
        (of_numpy, {"worker_init_fn": own_seed}, {}),
        (of_numpy, {"worker_init_fn": number_as_seed, "persistent_workers": True}, {}),
        (of_own, {"worker_init_fn": through_info}, {}),
        (of_own, {"num_workers": 1, "persistent_workers": True}, {}),
        (of_torch, {}, {}),
        (of_lazy, {}, {}),
        (of_index, {}, {}),
        (of_rare, {}, {}),  # too seldom to tell
        (of_own, {"num_workers": 0}, {}),
    ],
)
def test_draws_of_workers(draw, others, expected):
    loader = DataLoader(Noisy(draw), 16, **({"num_workers": 2} | others))
    given = program(mlp(), nn.CrossEntropyLoss(), batches=loader)
    given.sample  # noqa: B018  a loader that keeps its workers has them from here on
    before = set(multiprocessing.active_children())
    assert causes(check_workers, given) == expected
    assert set(multiprocessing.active_children()) <= before


def test_data_set_that_is_told_the_epoch_may_repeat_itself():
    class Told(Noisy):
        def set_epoch(self, number):
            self.rng = np.random.default_rng(number)

    loader = DataLoader(Told(of_own), 16, num_workers=1)
    assert causes(check_workers, program(mlp(), nn.CrossEntropyLoss(), batches=loader)) == {}


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("fault", [True, False])
def test_whole_examination_ends_its_workers_in_time(fault, kept):
    data, before = Noisy(of_own if fault else of_torch), set(multiprocessing.active_children())
    loader = DataLoader(data, 16, shuffle=True, num_workers=2, persistent_workers=kept)
    model, begin = mlp(), time.monotonic()
    report = examine(model, nn.CrossEntropyLoss(), loader, torch.optim.Adam(model.parameters()))
    assert time.monotonic() - begin < 20
    assert [finding.cause for finding in report if finding.grade == "fault"] == (
        ["workers-draw-alike"] if fault else []
    )
    assert set(multiprocessing.active_children()) <= before
