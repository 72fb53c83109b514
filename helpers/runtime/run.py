"""The start of every chapter: check, seed, pin, choose, and say so in one line."""

import html
import platform
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from helpers.runtime.device import DEVICES, Precision, choose_device, choose_precision, describe_device
from helpers.runtime.parameters import SEED_RULE, Rule, check_parameters
from helpers.runtime.seeds import make_deterministic, pin_threads, seed_everything
from helpers.runtime.show import show_line

RUN_MIME = "application/vnd.course.run+json"


@dataclass(frozen=True)
class Run:
    """What a chapter needs to know about its own run.

    Attributes:
        device: where tensors and models go.
        precision: the number format of the forward pass.
        seed: 0 to 2**32 - 1.
        threads: CPU threads in use.
        parameters: the checked parameters, name -> value.
    """

    device: torch.device
    precision: Precision
    seed: int
    threads: int
    parameters: Mapping[str, Any]

    def generator(self, offset: int = 0) -> torch.Generator:
        """Return a new CPU generator seeded with ``seed + offset``; equal offsets draw equal numbers."""
        return torch.Generator().manual_seed(self.seed + offset)

    def record(self) -> dict[str, Any]:
        """Return the run as plain data: device, precision, seed, threads, parameters and versions."""
        return {
            "device": str(self.device),
            "device_name": describe_device(self.device),
            "precision": self.precision.name,
            "seed": self.seed,
            "threads": self.threads,
            "parameters": dict(self.parameters),
            "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        }


def start(
    namespace: MutableMapping[str, Any],
    *,
    gpu_gain: str = "the same results, sooner",
    threads: int = 1,
    mixed_precision: bool = False,
    **rules: Rule,
) -> Run:
    """Check the parameters, seed every generator, choose the device, and print one line that says what runs where.

    Args:
        namespace: the notebook's ``globals()``; must hold ``seed`` and ``device`` beside the ruled names. The checked
            parameters are written back, so that a number that came as text is a number from here on.
        gpu_gain: one clause: what a GPU would change in this chapter. Shown when there is none.
        threads: CPU threads to pin. Part of the result: another number rounds differently.
        mixed_precision: whether to use the device's fast 16-bit format where it has one.
        rules: parameter -> list of choices, ``(low, high)``, ``bool`` or ``EXISTING_FILE``; see ``check_parameters``.

    Raises:
        ParameterError: a parameter is unknown, of the wrong type or out of range.
        DeviceError: the device that was asked for is not there.
    """
    parameters = check_parameters(namespace, {**rules, "seed": SEED_RULE, "device": DEVICES})
    namespace.update(parameters)
    device = choose_device(parameters["device"])
    pin_threads(threads)
    make_deterministic()
    seed_everything(parameters["seed"])
    precision = choose_precision(device, mixed=mixed_precision)
    run = Run(device, precision, parameters["seed"], threads, parameters)
    line = _sentence(run, gpu_gain)
    show_line(line, {"text/html": f'<div class="run">{html.escape(line)}</div>', RUN_MIME: run.record()})
    return run


def _sentence(run: Run, gpu_gain: str) -> str:
    record = run.record()
    threads = f", {run.threads} thread{'s' * (run.threads > 1)}" if run.device.type == "cpu" else ""
    line = f"Running on {run.device} ({record['device_name']}{threads}) in {record['precision']}, seed {run.seed}, "
    line += f"torch {torch.__version__}."
    return line if run.device.type != "cpu" else f"{line} A GPU would bring: {gpu_gain}."
