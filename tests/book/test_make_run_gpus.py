"""``make run`` on several GPUs: what is started, what is refused, and a training of two processes on the CPU."""

import papermill
import pytest
import torch
import torch.distributed as dist

from apps.scaling import train_ddp
from book import run
from book.notebooks import CHAPTERS
from book.running import several
from helpers import models, train
from helpers.runtime import ParameterError


@pytest.fixture
def results(tmp_path, monkeypatch):
    """The folder where runs leave their results."""
    monkeypatch.setattr(run, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(run, "LOCKS", tmp_path / "locks")
    return tmp_path / "runs"


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.mark.skipif(not (dist.is_available() and dist.is_gloo_available()), reason="this PyTorch has no gloo")
def test_two_processes_on_the_cpu_stand_in_for_two_gpus(tmp_path, results, capfd):
    (tmp_path / "given.yaml").write_text("epochs: 1\nwidth: 4\nsplits: 3", encoding="utf-8")
    words = ["-p", "gpus", "2", "-p", "device", "cpu", "-f", str(tmp_path / "given.yaml")]
    status = run.main("cnn", words)
    printed = capfd.readouterr()
    assert status == 0, printed.err
    said = printed.out.splitlines()
    assert said[0].startswith("The chapter's network for color images is trained")
    assert said[1].startswith("epoch 1/1  loss ")
    assert "world size 2, on cpu" in printed.out
    assert said[-1].startswith("The trained network is in ")
    assert said[-1].endswith("/runs/cnn.ckpt")
    assert [path.name for path in results.iterdir()] == ["cnn.ckpt"]
    saved = train.load_checkpoint(results / "cnn.ckpt", models.ResNet(3, 10, width=4, stages=2, stem=4))
    assert saved.epoch == 1


@pytest.mark.skipif(torch.cuda.device_count() > 1, reason="this machine has several GPUs")
def test_gpus_that_are_not_there_are_refused_in_one_sentence(results, capfd):
    assert run.main("cnn", ["-p", "gpus", "2"]) == 2
    said = capfd.readouterr().err
    assert said.startswith("ParameterError: gpus is 2, but PyTorch finds ")
    assert said.count("\n") == 1
    assert not list(results.iterdir())


@pytest.mark.usefixtures("two_gpus")
def test_a_process_is_started_for_each_gpu_with_the_parameters_of_the_chapter(tmp_path):
    given = {"gpus": "2", "lr": "1e-2", "batch_size": 512, "dataset": "cifar10", "splits": 10}
    words = several.command("cnn", given, tmp_path)
    assert "--nproc-per-node=2" in words
    options = train_ddp.new_parser().parse_args(words[words.index("apps.scaling.train_ddp") + 1 :])
    assert (options.device, options.out) == ("cuda", tmp_path)
    assert (options.dataset, options.batch_size, options.lr) == ("cifar10", 512, 0.01)
    own = papermill.inspect_notebook(str(CHAPTERS / "cnn.ipynb"))
    for name in ("epochs", "width", "stages", "stem", "seed"):
        assert str(getattr(options, name)) == own[name]["default"]


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("given_to", "given", "sentence"),
    [
        ("cnn", {"gpus": "3"}, "gpus is 3, but PyTorch finds 2 on this machine; -p device cpu trains in 3 processes"),
        ("cnn", {"gpus": "1"}, "parameter 'gpus' is 1, but must be a whole number from 2 to 1024."),
        ("cnn", {"gpus": "all"}, "parameter 'gpus' is 'all', but must be a whole number from 2 to 1024."),
        ("cnn", {"gpus": "2", "epoch": "5"}, "this chapter has no parameter 'epoch' (given as 5); did you mean 'epoch"),
        ("cnn", {"gpus": "2", "epochs": "0"}, "parameter 'epochs' is 0, but must be a whole number from 1 to 1000."),
        ("cnn", {"gpus": "2", "data_folder": "no/such"}, "parameter 'data_folder' is 'no/such', but "),
        ("rnn", {"gpus": "2"}, "this chapter runs in one process, on one GPU at most, and has no parameter 'gpus'; "),
    ],
)
def test_what_cannot_be_started_is_refused_in_a_sentence(tmp_path, given_to, given, sentence):
    with pytest.raises(ParameterError) as refused:
        several.train(given_to, given, tmp_path)
    assert str(refused.value).startswith(sentence)
    assert not list(tmp_path.iterdir())
