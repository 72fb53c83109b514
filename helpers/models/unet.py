"""The U-Net for volumes (u-net chapter)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ConvBlock(nn.Sequential):
    """Twice: a 3x3x3 convolution, batch normalization, ReLU.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: of the first convolution; 2 halves depth, height and width, rounded up.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv3d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm3d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv3d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm3d(out_channels),
            nn.ReLU(inplace=True),
        )


def upsampler(in_channels: int, out_channels: int, up: str) -> nn.Module:
    """A layer that doubles depth, height and width: (B, in_channels, D, H, W) -> (B, out_channels, 2D, 2H, 2W).

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        up: "transposed" learns how, with eight weights for each pair of channels; "linear" interpolates, after a
            1x1x1 convolution has changed the number of channels.

    Raises:
        ValueError: up is neither.
    """
    if up == "transposed":
        return nn.ConvTranspose3d(in_channels, out_channels, 2, stride=2)
    if up == "linear":
        change_channels = nn.Conv3d(in_channels, out_channels, 1)
        double = nn.Upsample(scale_factor=2, mode="trilinear")
        return nn.Sequential(change_channels, double)
    raise ValueError(f"up should be 'transposed' or 'linear', but is {up!r}")


def fit_to(features: Tensor, size: Sequence[int]) -> Tensor:
    """Features (B, C, ...) with the spatial size `size`: zeros are added, or values cut off, at the far ends."""
    sides: list[int] = []
    for axis in reversed(range(len(size))):  # F.pad wants the last axis first
        missing = size[axis] - features.shape[2 + axis]
        sides += [0, missing]  # nothing at the near end; a negative number cuts
    return F.pad(features, sides)


class UNet(nn.Module):
    """An encoder that halves the resolution, a decoder that doubles it, and skips between their equal levels.

    Takes any spatial size. With skips=False the upsamplers deliver the channels that are missing, so that the
    decoder's blocks keep their size and the model loses no parameters.

    Args:
        in_channels: channels of the volumes.
        classes: number of logits for each voxel.
        widths: channels at each level, from the finest to the coarsest; at least two.
        early: True leaves out the encoder's block at the finest level, which costs more than all the rest of the
            encoder: the input itself becomes the finest skip, and the first convolution already halves the resolution.
        skips: False leaves the skip connections out.
        up: "transposed" or "linear", see `upsampler`.

    Source: Ronneberger, Fischer and Brox, 2015, arXiv:1505.04597; in 3-D: Cicek et al., 2016, arXiv:1606.06650.
    """

    def __init__(
        self,
        in_channels: int,
        classes: int,
        *,
        widths: Sequence[int] = (16, 32, 64),
        early: bool = False,
        skips: bool = True,
        up: str = "transposed",
    ) -> None:
        super().__init__()
        self.skips = skips
        skip_channels = list(widths)  # that each level hands across
        if early:
            self.first: nn.Module = nn.Identity()
            skip_channels[0] = in_channels
        else:
            self.first = ConvBlock(in_channels, widths[0])
        self.encoder = nn.ModuleList()
        self.ups = nn.ModuleList()
        self.decoder = nn.ModuleList()
        for level in range(len(widths) - 1):
            fine = widths[level]
            coarse = widths[level + 1]
            joined = skip_channels[level] + fine  # what a block of the decoder gets
            from_below = fine if skips else joined
            self.encoder.append(ConvBlock(skip_channels[level], coarse, stride=2))
            self.ups.append(upsampler(coarse, from_below, up))
            self.decoder.append(ConvBlock(joined, fine))
        self.last = nn.Conv3d(widths[0], classes, 1)

    def forward(self, volumes: Tensor) -> Tensor:
        """Return logits, (B, in_channels, D, H, W) -> (B, classes, D, H, W)."""
        features = self.first(volumes)
        skip_features = []  # of each level, from the finest
        for block in self.encoder:
            skip_features.append(features)
            features = block(features)
        for level in reversed(range(len(skip_features))):
            features = self.ups[level](features)
            features = fit_to(features, skip_features[level].shape[2:])
            if self.skips:
                features = torch.cat([skip_features[level], features], dim=1)
            features = self.decoder[level](features)
        return self.last(features)  # type: ignore[no-any-return]
