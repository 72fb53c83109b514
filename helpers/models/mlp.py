"""The multi-layer perceptron (softmax-regression chapter)."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn


class MLP(nn.Module):
    """Linear layers with ReLU between them; the last layer returns logits.

    Args:
        features: number of inputs D after flattening.
        hidden: widths of the hidden layers; an empty list makes it a softmax regression.
        classes: number of classes K.
    """

    def __init__(self, features: int, hidden: Sequence[int], classes: int) -> None:
        super().__init__()
        widths = [features, *hidden]
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], classes))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits, (B, ...) with D values per example -> (B, K)."""
        logits: Tensor = self.layers(inputs.flatten(1))  # (B, K)
        return logits
