"""Trains a small model in double precision, alone or among the processes that torchrun starts: see test_processes.py.

Each process writes what it knows at the end to RANK.pt in the folder that is named first.
"""

import math
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

from helpers import data, metrics, runtime, train

N = 101  # batches of 33, 33, 33 and 2: two processes have 17 and 16 examples, and at last 1 and 1


def make_examples(count, seed):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 6, generator=generator, dtype=torch.float64)
    return data.Examples(inputs, (inputs[:, 0] + inputs[:, 1] > 0).long() + (inputs[:, 2] > 1).long())


def make_model(*, norm=False):
    torch.manual_seed(0)
    middle = nn.BatchNorm1d(8) if norm else nn.Tanh()
    return nn.Sequential(nn.Linear(6, 8), middle, nn.Linear(8, 3)).double()


def train_model(model, batches, *, valid=None, optimizer=None, **settings):
    """Train for three epochs; return the epochs' numbers."""
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    measures = {"accuracy": metrics.accuracy} if valid is not None else {}
    history = train.fit(model, batches, cross_entropy, optimizer, epochs=3, valid=valid, metrics=measures, **settings)
    return [(epoch.loss, epoch.valid_loss, dict(epoch.metrics), epoch.stale, epoch.best) for epoch in history]


def shuffled(examples, batch_size=33):
    return data.Batches(examples, batch_size, generator=torch.Generator().manual_seed(1))


def sentences():
    examples = make_examples(N, 1)
    buckets = data.Examples(torch.ones(5, 4, dtype=torch.int64), torch.zeros(5))
    for batches in (shuffled(examples, 10), data.BucketBatches(buckets, 2)):
        try:
            list(batches)
        except ValueError as error:
            yield str(error)
    broken = data.Examples(examples.inputs.clone(), examples.targets)
    broken.inputs[:40] = math.nan
    if runtime.rank() == 1:
        broken.inputs[:] = 1.0  # what is wrong is in the examples of rank 0 alone
    try:
        train_model(together(make_model()), data.Batches(broken, 51, shuffle=False))
    except train.TrainingError as error:
        yield str(error)


def together(model):
    return DistributedDataParallel(model) if dist.is_initialized() else model


def main(folder):
    """Do everything that the test asks about, in one go: starting processes takes longer than all of it."""
    found = {}
    examples, valid = make_examples(N, 1), make_examples(7, 2)
    model = together(make_model())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    batches = shuffled(examples)
    found["epochs"] = train_model(model, batches, valid=valid, optimizer=optimizer)
    found["weights"] = runtime.unwrapped(model).state_dict()
    found["few"] = train.evaluate(model, valid[:1], cross_entropy)
    in_batches = data.Batches(valid, 4, shuffle=False)
    found["in batches"] = train.evaluate(model, in_batches, cross_entropy, metrics={"accuracy": metrics.accuracy})
    file = folder / ("many.ckpt" if dist.is_initialized() else "one.ckpt")
    train.save_checkpoint(file, model, optimizer, epoch=3, generator=batches.generator, writer=runtime.rank())
    if dist.is_initialized():
        dist.barrier()
    found["extra"] = train.load_checkpoint(file, model, optimizer, generator=batches.generator).extra
    found["rows"] = torch.cat([inputs[:, 0] for inputs, _ in batches])

    normed = together(make_model(norm=True))
    train_model(normed, shuffled(examples, 40))
    found["buffers"] = list(normed.buffers())

    dataset = TensorDataset(examples.inputs, examples.targets)
    sampler = DistributedSampler(dataset) if dist.is_initialized() else None
    found["loader"] = train_model(together(make_model()), DataLoader(dataset, 16, sampler=sampler))
    sentence_lengths = torch.arange(1, 9)[:, None] > torch.arange(8)  # (8, 8): 1, 2, ... 8 words
    texts = data.Examples(sentence_lengths.long(), torch.arange(8))
    buckets = data.BucketBatches(texts, 4, generator=torch.Generator().manual_seed(3))
    found["buckets"] = [(tuple(inputs.shape), targets) for inputs, targets in buckets]
    found["sentences"] = list(sentences())
    torch.save(found, folder / f"{runtime.rank() if dist.is_initialized() else 'alone'}.pt")
    runtime.expect("what rank 0 alone prints", 1, equals=1)


if __name__ == "__main__":
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    try:
        main(Path(sys.argv[1]))
    finally:
        dist.destroy_process_group()
