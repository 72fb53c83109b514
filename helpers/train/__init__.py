"""Training as a generator or in one call, evaluation, and checkpoints that survive a crash and refuse damage."""

from helpers.train.archive import CheckpointError
from helpers.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from helpers.train.epoch import Epoch
from helpers.train.evaluate import evaluate, predict
from helpers.train.fit import fit
from helpers.train.loop import TrainingError, epochs
from helpers.train.sliding import gaussian_window, sliding_window

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "Epoch",
    "TrainingError",
    "epochs",
    "evaluate",
    "fit",
    "gaussian_window",
    "load_checkpoint",
    "predict",
    "save_checkpoint",
    "sliding_window",
]
