"""All trials run one copy of the notebook; whoever edits the copy is told."""

from dataclasses import replace

import pytest
from optuna.distributions import FloatDistribution
from tiny_sweep import write_notebook

from apps.sweep import notebook
from apps.sweep.config import SweepConfig
from apps.sweep.messages import SweepError
from apps.sweep.snapshot import check_snapshot, read_original, write_snapshot


@pytest.fixture
def config(tmp_path):
    path = write_notebook(tmp_path / "tiny.ipynb")
    fields = {"notebook": path, "digest": notebook.digest(path), "out": tmp_path / "out", "metric": "score"}
    fields |= {"space": {"lr": FloatDistribution(1e-4, 1.0, log=True)}, "direction": "maximize", "trials": 1}
    return SweepConfig(**fields, storage="", study="tiny")


def test_the_copy_is_the_notebook_byte_by_byte(config, tmp_path):
    write_snapshot(config, read_original(config))
    assert config.snapshot.read_bytes() == (tmp_path / "tiny.ipynb").read_bytes()
    check_snapshot(config)


def test_the_copy_stays_when_the_original_changes(config, tmp_path):
    write_snapshot(config, read_original(config))
    write_notebook(tmp_path / "tiny.ipynb", body="pass")
    check_snapshot(config)
    with pytest.raises(SweepError, match=r"tiny\.ipynb has changed just now; repeat the command"):
        read_original(config)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda copy: write_notebook(copy, body="pass"), "has been edited"),
        (lambda copy: copy.unlink(), "is gone"),
        (lambda copy: copy.write_bytes(copy.read_bytes()[:200]), "is gone"),
    ],
)
def test_a_copy_that_is_not_the_notebook_is_refused_until_it_is_made_anew(config, harm, sentence):
    content = read_original(config)
    write_snapshot(config, content)
    harm(config.snapshot)
    with pytest.raises(SweepError, match=sentence):
        check_snapshot(config)
    write_snapshot(config, content)
    check_snapshot(config)


def test_a_sweep_of_another_notebook_does_not_pass_for_it(config):
    write_snapshot(config, read_original(config))
    with pytest.raises(SweepError, match="has been edited"):
        check_snapshot(replace(config, digest="0" * 64))
