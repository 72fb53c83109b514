"""All trials run one copy of the notebook; whoever edits the copy is told."""

from dataclasses import replace

import pytest
from tiny_sweep import write_notebook

from apps.sweep import notebook
from apps.sweep.errors import SweepError
from apps.sweep.kept import check_kept, keep, original
from apps.sweep.plan import Plan
from apps.sweep.space import Axis


@pytest.fixture
def plan(tmp_path):
    path = write_notebook(tmp_path / "tiny.ipynb")
    fields = {"notebook": str(path), "digest": notebook.digest(path), "out": str(tmp_path / "out"), "goal": "score"}
    fields |= {"axes": [Axis("lr", "log", (1e-4, 1.0))], "direction": "maximize", "trials": 1}
    return Plan(**fields, storage="", study="tiny")


def test_the_copy_is_the_notebook_byte_by_byte(plan, tmp_path):
    keep(plan, original(plan))
    assert plan.kept.read_bytes() == (tmp_path / "tiny.ipynb").read_bytes()
    check_kept(plan)


def test_the_copy_stays_when_the_original_changes(plan, tmp_path):
    keep(plan, original(plan))
    write_notebook(tmp_path / "tiny.ipynb", body="pass")
    check_kept(plan)
    with pytest.raises(SweepError, match=r"tiny\.ipynb has changed just now; repeat the command"):
        original(plan)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda kept: write_notebook(kept, body="pass"), "has been edited"),
        (lambda kept: kept.unlink(), "is gone"),
        (lambda kept: kept.write_bytes(kept.read_bytes()[:200]), "is gone"),
    ],
)
def test_a_copy_that_is_not_the_notebook_is_refused_until_it_is_made_anew(plan, harm, sentence):
    content = original(plan)
    keep(plan, content)
    harm(plan.kept)
    with pytest.raises(SweepError, match=sentence):
        check_kept(plan)
    keep(plan, content)
    check_kept(plan)


def test_a_sweep_of_another_notebook_does_not_pass_for_it(plan):
    keep(plan, original(plan))
    with pytest.raises(SweepError, match="has been edited"):
        check_kept(replace(plan, digest="0" * 64))
