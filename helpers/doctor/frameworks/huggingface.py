"""A Hugging Face Trainer: its own loop is recorded for some steps, and its loss is examined as a program."""

import copy
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import Subset

from helpers.doctor.arguments import in_a_sentence, known, names
from helpers.doctor.causes import report
from helpers.doctor.examine import examine
from helpers.doctor.findings import Finding, Report
from helpers.doctor.frameworks.parts import Hidden, Schedule, judge_schedule, untouched
from helpers.doctor.probing.errors import in_a_line
from helpers.doctor.probing.lengths import length
from helpers.doctor.probing.program import Program, ProgramError
from helpers.doctor.probing.state import restored
from helpers.doctor.recording.events import Recording
from helpers.doctor.recording.recorder import Recorder
from helpers.doctor.steps import Given, judged
from helpers.doctor.steps.schedules import ENOUGH

STEPS = 24
EACH = 4  # steps between two evaluations, where a scheduler waits for their figures
EVALUATED = 256  # samples of each of these
QUIET = {
    "save_strategy": "no",
    "eval_strategy": "no",
    "logging_strategy": "no",
    "load_best_model_at_end": False,
    "push_to_hub": False,
    "disable_tqdm": True,
}


class Step:
    """The loss of a batch as the trainer makes it; snapshots follow its networks, such as a teacher, and no more."""

    def __init__(self, trainer: Any) -> None:
        self.networks = [value for value in vars(trainer).values() if isinstance(value, nn.Module)]
        self.trainer = Hidden(trainer)

    def __call__(self, model: Any, batch: Any) -> Any:
        """Return compute_loss on a batch."""
        trainer = self.trainer.thing
        return trainer.compute_loss(model, trainer._prepare_inputs(dict(batch)))


@in_a_sentence
def examine_trainer(
    trainer: Any,
    *,
    frozen: Iterable[str] | None = None,
    padding: int | None = None,
    expected: Iterable[str] = (),
) -> Report:
    """Examine a transformers Trainer: its compute_loss as a program, then some steps of its own loop.

    The validation set is its eval_dataset, the first one of several; optimizer and schedule are those that it was
    given or makes.

    Args:
        trainer: made, and not yet run.
        frozen: names of modules or parameters that are meant to stay as they are.
        padding: number of the token that fills up short sequences.
        expected: ids of causes that are deliberate here.

    Raises:
        ProgramError: this is no Trainer of transformers, or it has no training data.
    """
    _check(trainer)
    listed, expected = names(frozen, "frozen"), known(names(expected, "expected") or ())
    frozen = None if listed is None else list(listed)
    program = Program(
        trainer.model, None, [], trainer.optimizer, step=Step(trainer), scheduler=trainer.lr_scheduler, frozen=frozen
    )
    sets = [one for one in (trainer.train_dataset, trainer.eval_dataset) if one is not None]
    with untouched(program, trainer, data=sets):
        static, made, own = _alone(trainer, program, padding, expected)
        seen, found, stopped = _in_its_loop(trainer, program, isinstance(made.scheduler, ReduceLROnPlateau))
        played = _played(trainer, made, seen) if own else ()
        return report([*static.findings, *found, *played], [*static.left_out, *stopped], expected)


def _check(trainer: Any) -> None:
    wanted = ("model", "args", "compute_loss", "get_train_dataloader", "create_optimizer")
    missing = [name for name in wanted if not hasattr(trainer, name)]
    if missing:
        raise ProgramError(f"expected a transformers Trainer, got {type(trainer).__name__}, which has no {missing[0]}")
    if trainer.train_dataset is None:
        raise ProgramError("expected a Trainer with train_dataset=, got one without training data")


def _alone(
    trainer: Any, program: Program, padding: int | None, expected: tuple[str, ...]
) -> tuple[Report, Program, bool]:
    """Examine the loss alone; return also the program with its optimizer, and whether the reader made the scheduler."""
    before = trainer.optimizer, trainer.lr_scheduler
    batches = trainer.get_train_dataloader()
    trainer.create_optimizer_and_scheduler(_steps(trainer, batches))
    made = replace(program, batches=batches, optimizer=trainer.optimizer, scheduler=trainer.lr_scheduler)
    own = not getattr(trainer, "_created_lr_scheduler", False)
    static = examine(
        trainer.model,
        None,
        batches,
        trainer.optimizer,
        valid=_valid(trainer),
        step=program.step,
        frozen=program.frozen,
        padding=padding,
        expected=expected,
    )
    trainer.optimizer, trainer.lr_scheduler = before
    return static, made, own


def _valid(trainer: Any) -> Any:
    """Return the batches of the validation set, of several the first; None without one."""
    if not trainer.eval_dataset:
        return None
    several = trainer.eval_dataset if isinstance(trainer.eval_dataset, Mapping) else ()
    return trainer.get_eval_dataloader(next(iter(several), None))


def _per_epoch(trainer: Any, batches: Any) -> int:
    return math.ceil((length(batches) or 0) / int(trainer.args.gradient_accumulation_steps))


def _steps(trainer: Any, batches: Any) -> int:
    """Return how many steps of the optimizer the training has."""
    if trainer.args.max_steps > 0:
        return int(trainer.args.max_steps)
    if not _per_epoch(trainer, batches):
        raise ProgramError("expected max_steps= in TrainingArguments for a training set without a length, got none")
    return math.ceil(float(trainer.args.num_train_epochs) * _per_epoch(trainer, batches))


def _in_its_loop(trainer: Any, program: Program, evaluated: bool) -> tuple[Recording, list[Finding], list[str]]:
    """Record and judge some steps of the trainer's own loop; return also a sentence where something stopped it."""
    recorder, stopped = Recorder(trainer.model), list[str]()
    with restored(program):
        try:
            with recorder, tempfile.TemporaryDirectory() as folder, _quiet(trainer, folder, evaluated):
                trainer.train()
        except Exception as error:  # whatever the trainer, or a method of the reader's, says
            stopped = [f"the Trainer's own loop: stopped by {in_a_line(error)}"]
        accumulate = trainer.args.gradient_accumulation_steps
        frozen = None if program.frozen is None else tuple(program.frozen)
        given = Given(accumulate if accumulate > 1 else None, frozen, whole=True)
        return recorder.seen, list(judged(recorder.seen, given)), stopped


@contextmanager
def _quiet(trainer: Any, folder: str, evaluated: bool) -> Iterator[None]:
    """Let the trainer take some steps without writing, printing or reporting anything."""
    handler = trainer.callback_handler
    args, callbacks, valid = trainer.args, handler.callbacks, trainer.eval_dataset
    try:
        trainer.args = copy.copy(args)
        every = {"eval_strategy": "steps", "eval_steps": EACH} if evaluated and valid is not None else {}
        for name, value in (QUIET | every | {"output_dir": folder, "max_steps": STEPS}).items():
            setattr(trainer.args, name, value)
        several = isinstance(valid, Mapping)
        trainer.eval_dataset = {name: _some(one) for name, one in valid.items()} if several else _some(valid)
        handler.callbacks = [one for one in callbacks if type(one).__name__ == "DefaultFlowCallback"]
        yield
    finally:
        trainer.args, handler.callbacks, trainer.eval_dataset = args, callbacks, valid


def _some(dataset: Any) -> Any:
    """Return the first samples of a data set, as one of its own kind where it can be cut."""
    if not hasattr(dataset, "__len__") or len(dataset) <= EVALUATED:
        return dataset
    return dataset.select(range(EVALUATED)) if hasattr(dataset, "select") else Subset(dataset, range(EVALUATED))


def _played(trainer: Any, program: Program, seen: Recording) -> Iterator[Finding]:
    """Play on a schedule that the reader made, if training is long enough to judge it."""
    total, per_epoch = _steps(trainer, program.batches), _per_epoch(trainer, program.batches)
    per_epoch = min(per_epoch, total) or total
    if total >= math.ceil(ENOUGH / per_epoch) * per_epoch:
        yield from judge_schedule(program, Schedule(program.scheduler, "step"), per_epoch, seen, "the Trainer")
