"""The multi-layer perceptron (softmax-regression chapter)."""

from collections.abc import Sequence

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
        layers: list[nn.Module] = []
        width = features
        for next_width in hidden:
            layers.append(nn.Linear(width, next_width))
            layers.append(nn.ReLU())
            width = next_width
        layers.append(nn.Linear(width, classes))
        self.layers = nn.Sequential(*layers)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits, (B, ...) with D values per example -> (B, K)."""
        logits: Tensor = self.layers(inputs.flatten(1))  # (B, K)
        return logits
