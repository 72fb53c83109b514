"""Chooses where a run computes, and in which precision."""

import platform
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

DEVICES = ["auto", "cpu", "cuda", "mps"]


class DeviceError(RuntimeError):
    """The device that was asked for is not there."""

    def _render_traceback_(self) -> list[str]:
        return [f"DeviceError: {self}"]


@dataclass(frozen=True)
class Precision:
    """The number format of the forward pass and the loss.

    Attributes:
        device_type: "cpu", "cuda" or "mps".
        dtype: torch.float32 (everything stays as it is), torch.bfloat16 or torch.float16 (autocast).
    """

    device_type: str = "cpu"
    dtype: torch.dtype = torch.float32

    @property
    def name(self) -> str:
        """The format's name without the ``torch.`` in front, such as ``bfloat16``."""
        return str(self.dtype).removeprefix("torch.")

    @property
    def needs_scaling(self) -> bool:
        """Whether small gradients would vanish: float16 has 5 bits of exponent, bfloat16 has 8 like float32."""
        return self.dtype == torch.float16

    def autocast(self) -> AbstractContextManager[None]:
        """Return a context in which matrix products and convolutions run in this format."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device_type, dtype=self.dtype)


def choose_device(name: str) -> torch.device:
    """Return the device of that name; ``auto`` takes a CUDA GPU where there is one, otherwise the CPU.

    Apple's GPU (mps) is taken only by its name: it has no float64, in which many chapters check their results, and a
    cell that asks for float64 there stops with PyTorch's own error.

    Args:
        name: one of "auto", "cpu", "cuda", "mps".

    Raises:
        DeviceError: the device is not there. Never falls back to the CPU in silence.
    """
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device("cuda" if present["cuda"] else "cpu")
    if name not in present:
        raise DeviceError(f"device {name!r} is not one of {', '.join(DEVICES)}.")
    if not present[name]:
        here = " and ".join(device for device, there in present.items() if there)
        raise DeviceError(
            f"device={name!r} was asked for, but this machine has only {here}; "
            "pass device='auto' to take what there is, or on Colab choose Runtime > Change runtime type > GPU."
        )
    return torch.device(name)


def choose_precision(device: torch.device, *, mixed: bool) -> Precision:
    """Return float32, or the fastest mixed precision that the device computes natively.

    Args:
        device: where the run computes.
        mixed: whether the chapter gains from mixed precision.
    """
    if not mixed or device.type == "mps":
        return Precision(device.type)
    if device.type == "cuda":
        native = torch.cuda.get_device_capability(device) >= (8, 0)  # Ampere; before it bfloat16 is emulated
        return Precision("cuda", torch.bfloat16 if native else torch.float16)
    flags = _cpu_line("flags").split()
    fast = "amx_bf16" in flags or "avx512_bf16" in flags  # without these, bfloat16 on a CPU is slower than float32
    return Precision("cpu", torch.bfloat16 if fast else torch.float32)


def describe_device(device: torch.device) -> str:
    """Return the device's own name, for example ``Tesla T4`` or ``AMD EPYC``."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return platform.processor() or "Apple GPU"
    return _cpu_line("model name") or platform.processor() or platform.machine()


def _cpu_line(key: str) -> str:
    """Return the first value of that key in Linux's /proc/cpuinfo, or an empty string elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
