"""A Lightning module with its data: Lightning's own loop is recorded for some steps, and the module is examined."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from helpers.doctor.arguments import in_a_sentence, known, names
from helpers.doctor.causes import found, report
from helpers.doctor.examine import examine
from helpers.doctor.findings import Finding, Report
from helpers.doctor.frameworks import lightning_parts as parts
from helpers.doctor.frameworks.parts import Schedule, judge_schedule, untouched
from helpers.doctor.probing.errors import in_a_line
from helpers.doctor.probing.lengths import length
from helpers.doctor.probing.program import Program, ProgramError
from helpers.doctor.recording.events import Recording
from helpers.doctor.recording.recorder import Recorder
from helpers.doctor.steps import Given, judged
from helpers.doctor.steps.schedules import judge_first

STEPS = 24
EPOCH = 4  # steps of each recorded epoch, so that the ends of some epochs are seen
EPOCHS = 100  # for a schedule that is made from the length of training, which is not known here
BY_HAND = "losses: a module that steps by hand makes them under its Trainer alone, which was watched"


@dataclass(frozen=True)
class Way:
    """How Lightning is to train: what stands in the reader's call of Trainer, and the loaders."""

    trainers: Any
    train: Any
    valid: Any
    accumulate: int
    clip: float | None

    def trainer(self, **limits: Any) -> Any:
        """Return a Trainer that writes and prints nothing."""
        return self.trainers.Trainer(
            accumulate_grad_batches=self.accumulate,
            gradient_clip_val=self.clip,
            limit_val_batches=EPOCH if self.valid is not None else 0,
            num_sanity_val_steps=0,
            accelerator="auto",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **limits,
        )

    def fit(self, trainer: Any, module: Any) -> None:
        """Train."""
        with parts.interruptible():
            trainer.fit(module, train_dataloaders=self.train, val_dataloaders=self.valid)


@in_a_sentence
def examine_lightning(
    module: Any,
    datamodule: Any,
    *,
    accumulate: int = 1,
    clip: float | None = None,
    frozen: Iterable[str] | None = None,
    expected: Iterable[str] = (),
) -> Report:
    """Examine a LightningModule: first its training_step as a program, then some steps of Lightning's own loop.

    The optimizer and the schedules are what configure_optimizers returns, in any form that Lightning takes.

    Args:
        module: the LightningModule, with training_step and configure_optimizers.
        datamodule: a LightningDataModule, or the training batches themselves.
        accumulate: the Trainer's accumulate_grad_batches.
        clip: the Trainer's gradient_clip_val.
        frozen: names of modules or parameters that are meant to stay as they are.
        expected: ids of causes that are deliberate here.

    Raises:
        ProgramError: Lightning is not installed, this is no LightningModule, it has no data, or several optimizers
            without manual optimization.
    """
    trainers = parts.lightning()
    if not isinstance(module, trainers.LightningModule):
        raise ProgramError(f"expected a LightningModule, got {type(module).__name__}")
    listed, expected = names(frozen, "frozen"), known(names(expected, "expected") or ())
    frozen = None if listed is None else list(listed)
    data = [] if isinstance(datamodule, (list, tuple)) else [datamodule]
    alone = Program(module, None, [], None)
    with parts.quiet(), parts.without_trainer(module), untouched(alone, data=data):
        way = Way(trainers, *parts.loaders(datamodule), accumulate, clip)
        return _examined(module, way, frozen, expected)


def _examined(module: Any, way: Way, frozen: list[str] | None, expected: tuple[str, ...]) -> Report:
    """Examine the training_step, then record Lightning's loop and judge it and the schedules."""
    optimizers, schedules, trainer = _configured(module, way)
    static = _alone(module, way, optimizers, trainer, frozen, expected)
    seen, stopped = _recorded(module, way)
    given = Given(way.accumulate if way.accumulate > 1 else None, None if frozen is None else tuple(frozen), whole=True)
    findings = [*static.findings, *judged(seen, given), *_of_schedules(module, way, optimizers, schedules, seen)]
    left_out = [sentence for sentence in static.left_out if BY_HAND not in sentence]
    return report(findings, [*left_out, *([] if module.automatic_optimization else [BY_HAND]), *stopped], expected)


class _EnoughError(Exception):
    """Ends a fit once configure_optimizers has answered, with what it gave."""


def _configured(module: Any, way: Way) -> tuple[dict[str, Optimizer], list[Schedule], Any]:
    """Let Lightning call configure_optimizers, with the trainer that this may ask, and stop it there."""
    trainer, original = way.trainer(max_epochs=EPOCHS), module.configure_optimizers

    def noted() -> None:
        raise _EnoughError(original())

    module.configure_optimizers = noted
    try:
        way.fit(trainer, module)
    except _EnoughError as enough:
        given = enough.args[0]
    except Exception as error:  # whatever Lightning, or a hook of the module, says
        raise ProgramError(f"Lightning cannot begin to train this module: {in_a_line(error)}") from error
    finally:
        del module.configure_optimizers
        module._trainer = None
    optimizers, schedules = parts.parsed(given, module.automatic_optimization)
    trainer.strategy.optimizers = list(optimizers.values())
    return optimizers, schedules, trainer


def _alone(
    module: Any,
    way: Way,
    optimizers: dict[str, Optimizer],
    trainer: Any,
    frozen: list[str] | None,
    expected: tuple[str, ...],
) -> Report:
    """Examine training_step without Lightning's loop around it."""
    one = next(iter(optimizers.values())) if len(optimizers) == 1 else optimizers
    step = _loss if module.automatic_optimization else None
    whole = None if module.automatic_optimization else _by_hand
    program = {
        "step": step,
        "train_step": whole,
        "valid": parts.first_loader(way.valid),
        "frozen": frozen,
        "expected": expected,
    }
    with parts.beside(module, trainer):
        return examine(module, None, way.train, one, **program)


def _loss(module: Any, batch: Any) -> Tensor:
    return parts.loss_of_step(module, batch)


def _by_hand(_model: Any, _batch: Any, _optimizer: Any) -> Any:
    raise ProgramError(BY_HAND)


def _recorded(module: Any, way: Way) -> tuple[Recording, list[str]]:
    """Record some short epochs of Lightning's own loop; return also a sentence where something stopped it."""
    trainer = way.trainer(max_steps=STEPS, limit_train_batches=EPOCH * way.accumulate)
    recorder, stopped = Recorder(module), []
    try:
        with recorder:
            way.fit(trainer, module)
    except Exception as error:  # whatever Lightning, or a hook of the module, says
        stopped = [f"Lightning's own loop: stopped by {in_a_line(error)}"]
    return recorder.seen, stopped


def _of_schedules(
    module: Any, way: Way, optimizers: dict[str, Optimizer], schedules: list[Schedule], seen: Recording
) -> Iterator[Finding]:
    """Judge each schedule: its optimizer, its course, and whether a module that steps by hand steps it."""
    per_epoch = math.ceil((length(way.train) or 0) / way.accumulate)
    program = Program(module, None, way.train, optimizers)
    for schedule in schedules:
        yield from judge_schedule(program, schedule, per_epoch, seen, "configure_optimizers")
    if schedules and not module.automatic_optimization:
        yield from judge_first(seen, Given())
        if not seen.schedule and len(seen.steps) >= STEPS // 2:
            yield found(
                "rate-never-falls",
                f"the scheduler was not stepped once in {len(seen.steps)} steps and the ends of "
                f"{len(seen.steps) // EPOCH} epochs: of a module that steps by hand, Lightning steps no scheduler",
            )
