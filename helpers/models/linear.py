"""Linear classifiers: one affine map from features to logits."""

from torch import Tensor, nn


class LogisticRegression(nn.Module):
    """Two classes: one logit, the log-odds of class 1.

    Args:
        features: number of inputs D.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits, (B, D) -> (B,)."""
        logits: Tensor = self.linear(inputs)  # (B, 1), which would broadcast against (B,) targets
        return logits.squeeze(-1)


class SoftmaxRegression(nn.Module):
    """K classes: one logit for each.

    Args:
        features: number of inputs D after flattening.
        classes: number of classes K.
    """

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits, (B, ...) with D values per example -> (B, K)."""
        logits: Tensor = self.linear(inputs.flatten(1))  # (B, K)
        return logits
