"""Batch normalization with an unusual momentum: what its batches were like, and what it has kept of them."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

USUAL = (0.01, 0.5)  # a momentum within is not looked at
KEPT = 32  # batches


@dataclass
class Norm:
    """What one layer of batch normalization has kept; distances as a mean over channels, in standard deviations."""

    name: str
    momentum: float
    calls: int
    off: float  # its statistics from those of the last batches
    apart: float  # those of one batch from those of the last batches


class Norms:
    """Notes mean and spread of each batch that a layer with an unusual momentum is trained on."""

    def __init__(self, model: nn.Module) -> None:
        norms = [(name, module) for name, module in model.named_modules() if isinstance(module, _BatchNorm)]
        self.layers = {id(module): (name, module) for name, module in norms if _unusual(module)}
        self.calls = dict.fromkeys(self.layers, 0)
        self.batches: dict[int, list[Tensor]] = {key: [] for key in self.layers}

    def note(self, module: nn.Module, inputs: Tensor | None) -> None:
        """Note one call, where the layer updates its statistics."""
        if id(module) not in self.layers or not module.training or inputs is None or inputs.dim() < 2:
            return
        self.calls[id(module)] += 1
        self.batches[id(module)] = [*self.batches[id(module)][1 - KEPT :], moments(inputs)]

    def close(self) -> list[Norm]:
        """Compare what each layer holds now with what its batches were like."""
        norms = []
        for key, (name, module) in self.layers.items():
            if len(self.batches[key]) < 2 or module.running_mean is None or module.running_var is None:
                continue
            batches = torch.stack(self.batches[key])  # (calls, 2, C)
            middle = batches.mean(0)
            spread = middle[1].exp()
            held = torch.stack([module.running_mean.detach(), 0.5 * (module.running_var + module.eps).log().detach()])
            off, apart = (float(distance(each - middle, spread)) for each in (held.to(middle)[None], batches))
            norms.append(Norm(name, float(module.momentum or 0.0), self.calls[key], off, apart))
        return norms


def _unusual(module: _BatchNorm) -> bool:
    momentum = module.momentum if module.track_running_stats else None
    return momentum is not None and not USUAL[0] <= momentum < USUAL[1]


def moments(inputs: Tensor) -> Tensor:
    """Return mean and logarithm of the spread of each channel, (2, C)."""
    channels = inputs.detach().transpose(0, 1).flatten(1).float()
    return torch.stack([channels.mean(1), channels.std(1, unbiased=False).clamp_min(1e-6).log()])


def distance(gap: Tensor, spread: Tensor) -> Tensor:
    """Return how far moments are apart: the larger of the means' distance and that of the spreads' logarithms."""
    return torch.maximum((gap[:, 0] / spread).abs().mean(), gap[:, 1].abs().mean())
