"""What a run needs before it touches data: checked parameters, a seed, a device; and the expectations it records."""

from helpers.runtime.checks import check_labels, check_same_shape
from helpers.runtime.device import DeviceError, Precision, choose_device, describe_device
from helpers.runtime.existing import EXISTING_FILE, EXISTING_FOLDER
from helpers.runtime.expectations import Symptom, expect, symptom
from helpers.runtime.launch import torchrun
from helpers.runtime.parameters import ParameterError, check_parameters
from helpers.runtime.processes import gather, rank, same_buffers, share, unwrapped, weight_of, world_size
from helpers.runtime.run import Run, start
from helpers.runtime.seeds import make_deterministic, pin_threads, seed_everything
from helpers.runtime.texts import text_of

__all__ = [
    "EXISTING_FILE",
    "EXISTING_FOLDER",
    "DeviceError",
    "ParameterError",
    "Precision",
    "Run",
    "Symptom",
    "check_labels",
    "check_parameters",
    "check_same_shape",
    "choose_device",
    "describe_device",
    "expect",
    "gather",
    "make_deterministic",
    "pin_threads",
    "rank",
    "same_buffers",
    "seed_everything",
    "share",
    "start",
    "symptom",
    "text_of",
    "torchrun",
    "unwrapped",
    "weight_of",
    "world_size",
]
