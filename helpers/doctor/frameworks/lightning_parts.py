"""What a Lightning module and its data hand over: loaders, optimizers, schedules, and the loss of a step."""

import inspect
import logging
import signal
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from helpers.doctor.frameworks.parts import Hidden, Schedule
from helpers.doctor.probing.program import ProgramError

SEVERAL = (
    "expected one optimizer from configure_optimizers, got {}: Lightning steps several by manual optimization alone, "
    "so set self.automatic_optimization = False, and step each in training_step"
)


def lightning() -> Any:
    """Return Lightning's package, under whichever name it is installed."""
    for name in ("lightning.pytorch", "pytorch_lightning"):
        try:
            return __import__(name, fromlist=["Trainer"])
        except ModuleNotFoundError:
            continue
    raise ProgramError("expected Lightning, which is not installed here: pip install lightning")


def loaders(datamodule: Any) -> tuple[Any, Any]:
    """Return the loaders of training and validation of a datamodule; what has none is taken as training batches."""
    if not hasattr(datamodule, "train_dataloader"):
        return one_loader(datamodule, "training batches"), None
    datamodule.prepare_data()
    datamodule.setup("fit")
    try:
        valid = datamodule.val_dataloader()
    except Exception:  # a datamodule without validation raises its own kind of error
        valid = None
    train = one_loader(datamodule.train_dataloader(), "train_dataloader")
    return train, valid if isinstance(valid, Iterable) else None


def first_loader(valid: Any) -> Any:
    """Return the first of several loaders in a list or a dict, and one loader as it is."""
    several = valid.values() if isinstance(valid, Mapping) else valid
    return next(iter(several), None) if isinstance(valid, (list, tuple, Mapping)) else valid


def one_loader(batches: Any, name: str) -> Any:
    """Return the batches, unless they are several loaders, or no loader at all."""
    several = batches.values() if isinstance(batches, Mapping) else batches
    if isinstance(several, (list, tuple)) and several and all(hasattr(one, "batch_sampler") for one in several):
        if len(several) == 1 and not isinstance(batches, Mapping):
            return several[0]
        raise ProgramError(f"expected one loader as {name}, got {len(several)}: examine the module with each alone")
    if isinstance(batches, Mapping) or not isinstance(batches, Iterable):
        came = f"a dict of {', '.join(map(str, batches))}" if isinstance(batches, Mapping) else type(batches).__name__
        raise ProgramError(f"expected a LightningDataModule, a DataLoader or a list of batches as {name}, got {came}")
    return batches


def parsed(given: Any, automatic: bool) -> tuple[dict[str, Optimizer], list[Schedule]]:
    """Return optimizers and schedules from whichever form configure_optimizers gives them in."""
    optimizers, schedulers = _two_lists(given)
    odd = [type(one).__name__ for one in optimizers if not isinstance(one, Optimizer)]
    if odd or not optimizers:
        came = odd[0] if odd else "none"
        raise ProgramError(f"expected configure_optimizers to return an optimizer of torch.optim, got {came}")
    if automatic and len(optimizers) > 1:
        raise ProgramError(SEVERAL.format(len(optimizers)))
    return {str(place): one for place, one in enumerate(optimizers)}, [_schedule(one) for one in schedulers]


def _two_lists(given: Any) -> tuple[list[Any], list[Any]]:
    if isinstance(given, (list, tuple)) and len(given) == 2 and isinstance(given[0], (list, tuple)):
        optimizers, schedulers = given
        return list(optimizers), list(schedulers) if isinstance(schedulers, (list, tuple)) else [schedulers]
    every = given if isinstance(given, (list, tuple)) else [] if given is None else [given]
    named = [one if isinstance(one, Mapping) else {"optimizer": one} for one in every]
    schedulers = [one["lr_scheduler"] for one in named if one.get("lr_scheduler") is not None]
    return [one.get("optimizer") for one in named], schedulers


def _schedule(given: Any) -> Schedule:
    """Return a schedule from a scheduler, or from Lightning's dict of it."""
    if not isinstance(given, Mapping):
        return Schedule(given)
    if "scheduler" not in given:
        raise ProgramError(
            f"expected a dict of lr_scheduler with 'scheduler', got one with {', '.join(given) or 'none'}"
        )
    return Schedule(given["scheduler"], given.get("interval", "epoch"), int(given.get("frequency", 1)))


def loss_of_step(module: Any, batch: Any) -> Tensor:
    """Return the loss of training_step, which may be all that it returns or a part of a dict."""
    second = (0,) if len(inspect.signature(module.training_step).parameters) > 1 else ()
    given = module.training_step(batch, *second)
    loss = given.get("loss") if isinstance(given, Mapping) else given
    if not isinstance(loss, Tensor):
        came = f"a dict of {', '.join(map(str, given))}" if isinstance(given, Mapping) else type(given).__name__
        raise ProgramError(f"expected training_step to return the loss, or a dict with it as 'loss', got {came}")
    return loss


class StandIn(Hidden):
    """Stands for a module's trainer: answers as it does, and no snapshot follows it."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.thing, name)


@contextmanager
def without_trainer(module: Any) -> Iterator[None]:
    """Take away a trainer that a module may still have, so that nothing reaches it, and give it back at the end."""
    parts = [part for part in module.modules() if "_trainer" in vars(part)]
    before = [part._trainer for part in parts]
    for part in parts:
        part._trainer = None
    try:
        yield
    finally:
        for part, trainer in zip(parts, before, strict=True):
            part._trainer = trainer


@contextmanager
def beside(module: Any, trainer: Any) -> Iterator[None]:
    """Let training_step run alone for a while: it may ask the trainer, and what it logs goes nowhere."""
    module._trainer = StandIn(trainer)
    module.log = module.log_dict = lambda *_, **__: None
    try:
        yield
    finally:
        module._trainer = None
        del module.log, module.log_dict


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C be what it is: Lightning would end Python, and ignore the next one."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as end:
        if not isinstance(end.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, before)
        raise KeyboardInterrupt from None


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Lightning's greetings and hints to itself for a while."""
    names = ("lightning.pytorch", "lightning.fabric", "pytorch_lightning", "lightning_fabric")
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
