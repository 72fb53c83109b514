"""A Lightning module with its data: Lightning's own loop is recorded for some steps, and the module is examined."""

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from helpers.doctor.causes import rank, without_symptoms
from helpers.doctor.examine import examine
from helpers.doctor.findings import Report
from helpers.doctor.probing.program import Program, ProgramError
from helpers.doctor.probing.state import restored
from helpers.doctor.probing.trees import tensors
from helpers.doctor.recording.recorder import Recorder
from helpers.doctor.steps import Given, judged

STEPS = 24


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

    Args:
        module: the LightningModule, with training_step and configure_optimizers.
        datamodule: a LightningDataModule, or the training batches themselves.
        accumulate: the Trainer's accumulate_grad_batches.
        clip: the Trainer's gradient_clip_val.
        frozen: names of modules or parameters that are meant to stay as they are.
        expected: ids of causes that are deliberate here.

    Raises:
        ProgramError: Lightning is not installed, or the module has no data.
    """
    trainers = _lightning()
    batches, valid = _loaders(datamodule)
    frozen, expected = None if frozen is None else list(frozen), tuple(expected)
    optimizer, scheduler = _optimizers(module)

    def step(model: Any, batch: Any) -> Any:
        return next(tensors(model.training_step(batch, 0)))

    own: dict[str, Any] = {"step": step} if module.automatic_optimization else {"train_step": _by_hand}
    program = Program(module, None, batches, optimizer, scheduler=scheduler, frozen=frozen, **own)
    with _quiet(), restored(program):
        static = examine(module, None, batches, optimizer, valid=valid, frozen=frozen, expected=expected, **own)
        with restored(program), Recorder(module) as recorder:
            _trainer(trainers, accumulate, clip).fit(module, train_dataloaders=batches)
    given = Given(accumulate if accumulate > 1 else None, None if frozen is None else tuple(frozen), whole=True)
    found = [*static.findings, *judged(recorder.seen, given)]
    kept = [finding for finding in found if finding.cause not in expected]
    return Report.of(without_symptoms(kept), static.left_out, rank)


def _by_hand(_model: Any, _batch: Any, _optimizer: Any) -> Any:
    raise ProgramError("a module that steps by hand only trains under its Trainer, which is watched")


def _lightning() -> Any:
    for name in ("lightning.pytorch", "pytorch_lightning"):
        try:
            return __import__(name, fromlist=["Trainer"])
        except ModuleNotFoundError:
            continue
    raise ProgramError("Lightning is not installed here: pip install lightning")


def _trainer(trainers: Any, accumulate: int, clip: float | None) -> Any:
    return trainers.Trainer(
        max_steps=STEPS,
        accumulate_grad_batches=accumulate,
        gradient_clip_val=clip,
        limit_val_batches=0,
        num_sanity_val_steps=0,
        accelerator="auto",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _loaders(datamodule: Any) -> tuple[Any, Any]:
    """Return the batches of training and validation of a datamodule; what has none is taken as training batches."""
    if not hasattr(datamodule, "train_dataloader"):
        return datamodule, None
    datamodule.prepare_data()
    datamodule.setup("fit")
    try:
        valid = datamodule.val_dataloader()
    except Exception:  # a datamodule without validation raises its own kind of error
        valid = None
    return datamodule.train_dataloader(), valid if isinstance(valid, Iterable) else None


def _optimizers(module: Any) -> tuple[Any, Any]:
    """Return the optimizer, or a dict of several, and the scheduler from what configure_optimizers gives."""
    given = module.configure_optimizers()
    if isinstance(given, dict):
        scheduler = given.get("lr_scheduler")
        return given["optimizer"], scheduler["scheduler"] if isinstance(scheduler, dict) else scheduler
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], (list, tuple)):
        given, schedulers = given
        first = next(iter(schedulers), None)
        scheduler = first["scheduler"] if isinstance(first, dict) else first
    else:
        scheduler = None
    if isinstance(given, (list, tuple)):
        every = {str(place): one for place, one in enumerate(given)}
        return (next(iter(every.values())) if len(every) == 1 else every), scheduler
    return given, scheduler


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's greetings and hints to itself for a while."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "pytorch_lightning")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
