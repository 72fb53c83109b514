"""Two processes that train together (gloo, started by torchrun) end where one process ends, and know the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import train_together

from helpers import runtime, train
from helpers.train.archive import unpack

SCRIPT = Path(train_together.__file__)
SECONDS = 120

pytestmark = pytest.mark.skipif(
    not (dist.is_available() and dist.is_gloo_available()), reason="this PyTorch has no gloo to join processes with"
)


def torchrun(script, *words):
    """Run a script in two processes on a free port of this machine; return the finished process."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", script, *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        list(map(str, command)), env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What one process found, and what each of two found; and what the two printed."""
    folder = tmp_path_factory.mktemp("together")
    done = torchrun(SCRIPT, folder)
    assert done.returncode == 0, done.stderr
    train_together.main(folder)
    one, *two = (torch.load(folder / f"{name}.pt", weights_only=False) for name in ("alone", 0, 1))
    return one, two, done.stdout, folder


def largest_gap(first, second):
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def test_two_processes_end_with_the_weights_of_one(found):
    one, two, _, _ = found
    assert two[0]["weights"].keys() == one["weights"].keys()  # no module. before the names
    assert largest_gap(two[0]["weights"], two[1]["weights"]) == 0
    assert largest_gap(one["weights"], two[0]["weights"]) < 1e-14


def test_every_process_knows_the_losses_and_metrics_of_all_examples(found):
    one, two, _, _ = found
    for name in ("epochs", "few", "in batches"):
        assert two[0][name] == two[1][name]
    for alone, together in zip(one["epochs"], two[0]["epochs"], strict=True):
        assert together[0] == pytest.approx(alone[0], abs=1e-14)
        assert together[1] == pytest.approx(alone[1], abs=1e-6)  # predictions are kept in float32
        assert together[2] == alone[2]
        assert together[3] == alone[3]
    assert two[0]["few"] == pytest.approx(one["few"], abs=1e-6)
    assert two[0]["in batches"] == pytest.approx(one["in batches"], abs=1e-6)


def test_each_example_of_a_pass_is_in_one_process(found):
    one, two, _, _ = found
    rows = torch.cat([process["rows"] for process in two])
    assert torch.equal(rows.sort().values, one["rows"].sort().values)
    assert [len(process["rows"]) for process in two] == [17 * 3 + 1, 16 * 3 + 1]


def test_sentences_of_one_batch_are_padded_alike(found):
    one, two, _, _ = found
    for (shape, targets), *parts in zip(one["buckets"], two[0]["buckets"], two[1]["buckets"], strict=True):
        assert [part[0] for part in parts] == [(shape[0] // 2, shape[1])] * 2
        assert torch.equal(torch.cat([part[1] for part in parts]), targets)


def test_batch_normalization_ends_with_the_averages_of_rank_0(found):
    _, two, _, _ = found
    for first, second in zip(two[0]["buffers"], two[1]["buffers"], strict=True):
        assert torch.equal(first, second)


def test_a_data_loader_with_a_distributed_sampler_works_as_it_is(found):
    _, two, _, _ = found
    assert two[0]["loader"] == two[1]["loader"]
    assert two[0]["loader"][-1][0] < two[0]["loader"][0][0]


def test_rank_0_alone_writes_and_one_process_reads(found):
    one, two, _, folder = found
    assert [process["extra"] for process in two] == [{"writer": 0}] * 2
    model = train_together.make_model()
    train.load_checkpoint(folder / "many.ckpt", model)
    assert largest_gap(model.state_dict(), two[0]["weights"]) == 0
    assert unpack(folder / "many.ckpt").keys() == unpack(folder / "one.ckpt").keys()
    assert one["extra"] == {"writer": 0}


def test_what_would_make_processes_wait_for_each_other_is_refused_in_all(found):
    one, two, _, _ = found
    assert two[0]["sentences"] == two[1]["sentences"]
    few, buckets, broken = two[0]["sentences"]
    for sentence in (few, buckets):
        assert "too few examples for 2 processes, each of which needs one: 1. Choose another batch_size" in sentence
    assert "the loss became nan in epoch 1, step 1 of 2" in broken
    assert len(one["sentences"]) == 1  # alone, a batch of one example is a batch


def test_rank_0_alone_prints(found):
    _, _, printed, _ = found
    assert printed.count("what rank 0 alone prints") == 1


def test_outside_a_group_there_is_one_process():
    rows = torch.arange(5)
    assert (runtime.rank(), runtime.world_size()) == (0, 1)
    assert torch.equal(runtime.share(rows), rows)
    assert runtime.gather(rows) is rows
