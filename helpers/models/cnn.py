"""The classic convolutional network (cnn chapter): convolution, ReLU and pooling, then fully connected layers."""

from torch import Tensor, nn


class ConvNet(nn.Module):
    """Two convolutions of 5x5 with ReLU and max pooling, then three linear layers with ReLU between them.

    Source: the layout of LeCun et al., 1998, "Gradient-based learning applied to document recognition" (LeNet-5).

    Args:
        channels: number of input channels C.
        classes: number of classes K.
        size: height and width of the images in pixels, at least 4.
        dropout: probability of dropping a unit before the second linear layer, 0 to 1.
    """

    def __init__(self, channels: int = 1, classes: int = 10, *, size: int = 28, dropout: float = 0.0) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 16, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.head = nn.Sequential(
            nn.Linear(32 * (size // 4) ** 2, 120),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, (B, C, size, size) -> (B, K)."""
        maps = self.features(images)  # (B, 32, size // 4, size // 4)
        logits: Tensor = self.head(maps.flatten(1))
        return logits
