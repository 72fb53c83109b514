"""Does a target network, whenever it is written to, move towards the network that it is to follow?"""

import torch
from torch import Tensor, nn

from helpers.doctor.recording.ledger import norm, version


class Following:
    """Compares each change of a target's parameters with the way from them to the model's."""

    def __init__(self, model: nn.Module, target: nn.Module | None) -> None:
        mine = dict(model.named_parameters())
        theirs = {} if target is None else dict(target.named_parameters())
        alike = mine.keys() == theirs.keys() and all(mine[name].shape == theirs[name].shape for name in mine)
        self.pairs = [(theirs[name], mine[name]) for name in theirs if theirs[name] is not mine[name]] if alike else []
        state = {} if target is None else target.state_dict(keep_vars=True)
        self.begin = [(tensor, tensor.detach().clone(), version(tensor)) for tensor in state.values()]
        self.old: list[Tensor] = []
        self.versions: list[int] = []
        self._remember()

    def cosine(self) -> float | None:
        """Return the cosine of the target's change since the last call and the way to the model; None without one."""
        if not self.pairs or self.versions == [version(theirs) for theirs, _ in self.pairs]:
            return None
        change = [theirs.detach() - old for (theirs, _), old in zip(self.pairs, self.old, strict=True)]
        way = [mine.detach() - old for (_, mine), old in zip(self.pairs, self.old, strict=True)]
        self._remember()
        one, other = (torch.cat([part.reshape(-1).double() for part in parts]) for parts in (change, way))
        size = float(one.norm() * other.norm())
        return float(one @ other) / size if size else 0.0

    def note(self, cosines: list[float]) -> None:
        """Add the cosine of the target's change since the last call, where there is one."""
        cosine = self.cosine()
        if cosine is not None:
            cosines.append(cosine)

    def writes(self) -> int:
        """Return how often the tensor of the target that was written to most was written to."""
        return max((version(tensor) - was for tensor, _, was in self.begin), default=0)

    def moved(self) -> float:
        """Return how far the target has gone from where it began."""
        return norm(tensor.detach() - was for tensor, was, _ in self.begin)

    def _remember(self) -> None:
        self.old = [theirs.detach().clone() for theirs, _ in self.pairs]
        self.versions = [version(theirs) for theirs, _ in self.pairs]
