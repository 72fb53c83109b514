"""Evaluations that remember earlier ones, streams that every worker reads, and a mean over the padding."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from helpers.doctor.checks.earlier_calls import of_earlier_calls
from helpers.doctor.checks.padded_loss import check_padded_loss
from helpers.doctor.checks.workers import check_workers
from tests.helpers.doctor.small import blobs, causes, mlp, program


def scored(kind):
    """An evaluation that starts anew, adds to old counts, keeps its first answers, or is random."""
    counts, kept = [0, 0], []

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        if kind == "anew":
            counts[:] = 0, 0
        if kind != "kept" or not kept:
            kept[:] = [F.cross_entropy(model(x), y, reduction="sum") / 64 for x, y in batches]
        counts[0] += float(sum(kept))
        counts[1] += 1
        return counts[0] / counts[1] + (float(torch.rand(())) if kind == "random" else 0.0)

    return evaluate


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("anew", {}),
        ("added", {"evaluation-keeps-state": "fault"}),
        ("kept", {"evaluation-keeps-state": "fault"}),
        ("random", {}),
    ],
)
def test_evaluation_that_remembers(kind, expected):
    valid = list(zip(*(part.split(16) for part in blobs(64)), strict=True))
    given = program(mlp(), nn.CrossEntropyLoss(), blobs(), valid=valid, evaluate=scored(kind))
    weights = [parameter.detach().clone() for parameter in given.model.parameters()]
    assert causes(of_earlier_calls, given) == expected
    assert all(map(torch.equal, weights, given.model.parameters()))


class Stream(IterableDataset):
    def __init__(self, shared):
        self.data, self.shared = blobs(96), shared

    def __iter__(self):
        info = get_worker_info()
        first, step = (info.id, info.num_workers) if self.shared and info is not None else (0, 1)
        for place in range(first, 96, step):
            yield self.data[0][place], self.data[1][place]


@pytest.mark.parametrize(
    ("shared", "workers", "expected"),
    [(False, 2, {"workers-read-the-same": "fault"}), (True, 2, {}), (False, 1, {}), (False, 0, {})],
)
def test_stream_that_every_worker_reads(shared, workers, expected):
    loader = DataLoader(Stream(shared), 16, num_workers=workers)
    assert causes(check_workers, program(mlp(), nn.CrossEntropyLoss(), batches=loader)) == expected


def over_all(losses, kept):
    return losses.mean() if kept is None else (losses * kept).mean()


def over_kept(losses, kept):
    return (losses * kept).sum() / kept.sum()


@pytest.mark.parametrize(("mean", "expected"), [(over_all, {"loss-counts-padding": "suspicion"}), (over_kept, {})])
def test_mean_over_padding(mean, expected):
    tokens = torch.randint(1, 9, (32, 12))
    tokens[torch.arange(12) >= torch.randint(3, 13, (32,))[:, None]] = 0

    def loss_fn(outputs, targets):
        return mean(F.cross_entropy(outputs.transpose(1, 2), targets, reduction="none"), (targets != 0).float())

    model = nn.Sequential(nn.Embedding(9, 8), nn.Linear(8, 9))
    assert causes(check_padded_loss, program(model, loss_fn, (tokens, tokens), size=32, padding=0)) == expected
