"""Examples: inputs and their targets, row by row, in memory."""

from dataclasses import dataclass
from typing import overload

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and targets that belong together: row i of one goes with row i of the other.

    Args:
        inputs: (N, ...), float32 in the data sets of this package.
        targets: (N, ...), int64 class labels in the data sets of this package. On the inputs' device.

    Raises:
        ValueError: if the two differ in length or in device, or have no rows to count.

    An integer index gives one (input, target) pair, so torch's DataLoader takes `Examples` as a data set;
    a slice or an index tensor gives `Examples` again.
    """

    inputs: Tensor
    targets: Tensor

    def __post_init__(self) -> None:
        if self.inputs.ndim == 0 or self.targets.ndim == 0:
            raise ValueError(
                f"Examples need one row per example, but inputs have shape {tuple(self.inputs.shape)} and "
                f"targets {tuple(self.targets.shape)}. Give both a first dimension of the same length."
            )
        if len(self.inputs) != len(self.targets):
            raise ValueError(
                f"Examples need one target per input, but came {len(self.inputs)} inputs of shape "
                f"{tuple(self.inputs.shape)} and {len(self.targets)} targets of shape "
                f"{tuple(self.targets.shape)}. Select the same rows from both."
            )
        if self.inputs.device != self.targets.device:
            raise ValueError(
                f"Examples need inputs and targets on one device, but came {self.inputs.device} and "
                f"{self.targets.device}. Move both with .to(device) first."
            )

    def __len__(self) -> int:
        return len(self.inputs)

    @overload
    def __getitem__(self, rows: int) -> tuple[Tensor, Tensor]: ...

    @overload
    def __getitem__(self, rows: slice | Tensor) -> "Examples": ...

    def __getitem__(self, rows: int | slice | Tensor) -> "tuple[Tensor, Tensor] | Examples":
        if isinstance(rows, int):
            return self.inputs[rows], self.targets[rows]
        return Examples(self.inputs[rows], self.targets[rows])

    def to(self, device: torch.device | str) -> "Examples":
        """The same examples on `device`; without a copy if they are there already."""
        return Examples(self.inputs.to(device), self.targets.to(device))
