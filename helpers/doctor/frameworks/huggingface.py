"""A Hugging Face Trainer: its own loop is recorded for some steps, and its loss is examined as a program."""

import copy
import tempfile
from collections.abc import Iterable
from typing import Any

from helpers.doctor.causes import rank, without_symptoms
from helpers.doctor.examine import examine
from helpers.doctor.findings import Report
from helpers.doctor.probing.program import Program, ProgramError
from helpers.doctor.probing.state import restored
from helpers.doctor.recording.recorder import Recorder
from helpers.doctor.steps import Given, judged

STEPS = 16
QUIET = {"save_strategy": "no", "eval_strategy": "no", "logging_strategy": "no", "disable_tqdm": True}


def examine_trainer(
    trainer: Any,
    *,
    frozen: Iterable[str] | None = None,
    padding: int | None = None,
    expected: Iterable[str] = (),
) -> Report:
    """Examine a transformers Trainer: its compute_loss as a program, then some steps of its own loop.

    Args:
        trainer: made, and not yet run.
        frozen: names of modules or parameters that are meant to stay as they are.
        padding: number of the token that fills up short sequences.
        expected: ids of causes that are deliberate here.

    Raises:
        ProgramError: this is no Trainer of transformers, or it has no training data.
    """
    _check(trainer)
    frozen, expected = None if frozen is None else list(frozen), tuple(expected)
    batches = trainer.get_train_dataloader()

    def step(model: Any, batch: Any) -> Any:
        return trainer.compute_loss(model, trainer._prepare_inputs(dict(batch)))

    with restored(Program(trainer.model, None, batches, None, step=step, frozen=frozen)):
        mine = trainer.optimizer
        optimizer = mine or trainer.create_optimizer()
        static = examine(
            trainer.model, None, batches, optimizer, step=step, frozen=frozen, padding=padding, expected=expected
        )
        trainer.optimizer = mine
        with Recorder(trainer.model) as recorder:
            _run(trainer)
    accumulate = trainer.args.gradient_accumulation_steps
    given = Given(accumulate if accumulate > 1 else None, None if frozen is None else tuple(frozen), whole=True)
    found = [*static.findings, *judged(recorder.seen, given)]
    kept = [finding for finding in found if finding.cause not in expected]
    return Report.of(without_symptoms(kept), static.left_out, rank)


def _check(trainer: Any) -> None:
    wanted = ("model", "args", "compute_loss", "get_train_dataloader", "create_optimizer")
    missing = [name for name in wanted if not hasattr(trainer, name)]
    if missing:
        raise ProgramError(f"expected a transformers Trainer, got {type(trainer).__name__}, which has no {missing[0]}")
    if trainer.train_dataset is None:
        raise ProgramError("expected a Trainer with train_dataset=, got one without training data")


def _run(trainer: Any) -> None:
    """Let the trainer take some steps, without writing, printing or reporting anything."""
    handler = trainer.callback_handler
    args, callbacks = trainer.args, handler.callbacks
    try:
        with tempfile.TemporaryDirectory() as folder:
            trainer.args = copy.copy(args)
            trainer.args.output_dir, trainer.args.max_steps = folder, STEPS
            for name, value in QUIET.items():
                setattr(trainer.args, name, value)
            handler.callbacks = [one for one in callbacks if type(one).__name__ == "DefaultFlowCallback"]
            trainer.train()
    finally:
        trainer.args, handler.callbacks = args, callbacks
