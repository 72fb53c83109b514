"""The U-Net for volumes (u-net chapter)."""

from collections.abc import Sequence
from itertools import pairwise

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
        layers: list[nn.Module] = []
        for channels, step in ((in_channels, stride), (out_channels, 1)):
            conv = nn.Conv3d(channels, out_channels, 3, step, padding=1, bias=False)
            layers += [conv, nn.BatchNorm3d(out_channels), nn.ReLU(inplace=True)]
        super().__init__(*layers)


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
        widen = nn.Conv3d(in_channels, out_channels, 1)
        return nn.Sequential(widen, nn.Upsample(scale_factor=2, mode="trilinear"))
    raise ValueError(f"up should be 'transposed' or 'linear', but is {up!r}")


def fit_to(features: Tensor, size: Sequence[int]) -> Tensor:
    """Features (B, C, ...) with the spatial size `size`: zeros are added, or values cut off, at the far ends."""
    sides: list[int] = []
    for have, want in zip(features.shape[:1:-1], size[::-1], strict=True):
        sides += [0, want - have]  # F.pad counts from the last axis; a negative number cuts
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
        self.first = nn.Identity() if early else ConvBlock(in_channels, widths[0])
        seen = [in_channels if early else widths[0], *widths[1:]]  # channels of each skip
        self.encoder, self.ups, self.decoder = (nn.ModuleList() for _ in range(3))
        for level, (fine, coarse) in enumerate(pairwise(widths)):
            self.encoder.append(ConvBlock(seen[level], coarse, stride=2))
            self.ups.append(upsampler(coarse, fine + (0 if skips else seen[level]), up))
            self.decoder.append(ConvBlock(seen[level] + fine, fine))
        self.last = nn.Conv3d(widths[0], classes, 1)

    def forward(self, volumes: Tensor) -> Tensor:
        """Return logits, (B, in_channels, D, H, W) -> (B, classes, D, H, W)."""
        levels = [self.first(volumes)]
        for block in self.encoder:
            levels.append(block(levels[-1]))
        features = levels.pop()
        for up, block in zip(reversed(self.ups), reversed(self.decoder), strict=True):
            skip = levels.pop()
            features = fit_to(up(features), skip.shape[2:])
            features = torch.cat([skip, features], dim=1) if self.skips else features
            features = block(features)
        return self.last(features)  # type: ignore[no-any-return]
