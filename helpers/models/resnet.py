"""A small modern convolutional network (cnn chapter): batch normalization, residual blocks, global average pooling."""

from torch import Tensor, nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    """Two convolutions of 3x3 whose result is added to the block's own input.

    Where the shape changes, a convolution of 1x1 brings the input to the new one. The step of `stride` comes before it:
    oneDNN's strided convolution of 1x1 writes past its workspace when fewer channels than a vector register holds come
    in channels-last (uxlfoundation/oneDNN#6035).
    Source: He et al., 2016, "Deep residual learning for image recognition", arXiv:1512.03385.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: 1 keeps height and width, 2 halves them.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            skip = nn.AvgPool2d(1, stride)  # every stride-th position, as it is
            resize = nn.Conv2d(in_channels, out_channels, 1, bias=False)
            self.shortcut = nn.Sequential(skip, resize, nn.BatchNorm2d(out_channels))

    def forward(self, maps: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, H / stride, W / stride)."""
        return F.relu(self.body(maps) + self.shortcut(maps))


class ResNet(nn.Module):
    """A stem, then stages of one residual block each, global average pooling and one linear layer.

    Args:
        channels: number of input channels C.
        classes: number of classes K.
        width: channels of the first stage; each later stage doubles them and halves height and width.
        stages: number of stages, 1 or more.
        stem: the stride of the first convolution, whose kernel reaches one pixel further on each side.
    """

    def __init__(
        self, channels: int = 3, classes: int = 10, *, width: int = 32, stages: int = 2, stem: int = 4
    ) -> None:
        super().__init__()
        size = stem + 2  # of the first kernel: neighboring windows overlap by two pixels
        first = nn.Conv2d(channels, width, size, stride=stem, padding=1, bias=False)
        layers: list[nn.Module] = [first, nn.BatchNorm2d(width), nn.ReLU()]
        layers.append(ResidualBlock(width, width))
        last = width  # channels at the end so far
        for _ in range(stages - 1):
            layers.append(ResidualBlock(last, 2 * last, stride=2))
            last = 2 * last
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(last, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, (B, C, H, W) -> (B, K), for any H and W that leave at least one position."""
        maps = self.features(images)  # (B, D, H', W')
        pooled = maps.mean(dim=(2, 3))  # (B, D): global average pooling
        logits: Tensor = self.head(pooled)
        return logits
