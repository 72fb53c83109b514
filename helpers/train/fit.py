"""Training in one call, for those who want nothing between two epochs."""

from collections.abc import Iterable, Mapping

from torch import nn
from torch.optim import Optimizer

from helpers.runtime import Precision
from helpers.train import loop
from helpers.train.checkpoint import Checkpoint
from helpers.train.epoch import Epoch
from helpers.train.evaluate import Batch, LabelledExamples, Loss, Metric


def fit(
    model: nn.Module,
    batches: Iterable[Batch],
    loss_fn: Loss,
    optimizer: Optimizer,
    *,
    epochs: int,
    start: int | Checkpoint = 0,
    valid: LabelledExamples | Iterable[Batch] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    valid_batch_size: int = 1024,
    precision: Precision | None = None,
    scheduler: loop.Scheduler | None = None,
) -> list[Epoch]:
    """Train to the last epoch and return all epochs; the arguments and errors are those of ``train.epochs``."""
    return list(
        loop.epochs(
            model,
            batches,
            loss_fn,
            optimizer,
            epochs=epochs,
            start=start,
            valid=valid,
            metrics=metrics,
            valid_batch_size=valid_batch_size,
            precision=precision,
            scheduler=scheduler,
        )
    )
