"""Structured pruning (compression chapter): whole channels are removed, so that what is left is a smaller network.

Source: Li et al., 2017, "Pruning filters for efficient ConvNets", arXiv:1608.08710.
"""

import copy

import torch
from torch import Tensor, nn

Layer = nn.Conv2d | nn.Linear


def layers_of(model: nn.Module) -> list[Layer]:
    """Return the convolutions and the linear layers of a model, in their order.

    Args:
        model: of any kind.
    """
    return [part for part in model.modules() if isinstance(part, nn.Conv2d | nn.Linear)]


def keep_outputs(layer: Layer, kept: Tensor) -> None:
    """Keep only some output channels of a layer, in place.

    Args:
        layer: with or without bias; a convolution must have one group.
        kept: indices, int64, shape (M,).
    """
    layer.weight = nn.Parameter(layer.weight.detach()[kept])
    if layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias.detach()[kept])
    if isinstance(layer, nn.Conv2d):
        layer.out_channels = len(kept)
    else:
        layer.out_features = len(kept)


def keep_inputs(layer: Layer, kept: Tensor, channels: int) -> None:
    """Keep only the weights that read some of the `channels` that come in, in place.

    Args:
        layer: what reads the channels. A linear layer behind a flattened map reads several numbers of each.
        kept: indices below `channels`, int64, shape (M,).
        channels: how many came in before.
    """
    parts = layer.weight.detach().chunk(channels, dim=1)  # one for each channel
    weight = torch.cat([parts[channel] for channel in kept.tolist()], dim=1)
    layer.weight = nn.Parameter(weight)
    if isinstance(layer, nn.Conv2d):
        layer.in_channels = weight.shape[1]
    else:
        layer.in_features = weight.shape[1]


def narrow(model: nn.Module, keep: float) -> nn.Module:
    """Return a copy in which each layer but the last keeps a share of its channels: those with the largest weights.

    Args:
        model: its convolutions (of one group) and linear layers form a chain: each reads only what the one before gave,
            and what lies between treats every channel alone, without parameters (no batch normalization).
        keep: share of channels, above 0 to 1; at least one channel stays.

    Raises:
        ValueError: the share is out of range.
    """
    if not 0 < keep <= 1:
        raise ValueError(f"expected a share of channels above 0, at most 1, got {keep}")
    model = copy.deepcopy(model)
    layers = layers_of(model)
    for index in range(len(layers) - 1):  # all but the last
        sizes = layers[index].weight.detach().abs().flatten(1).sum(dim=1)  # (O,)
        count = max(1, round(keep * len(sizes)))
        kept = torch.topk(sizes, count).indices.sort().values
        keep_outputs(layers[index], kept)
        keep_inputs(layers[index + 1], kept, len(sizes))
    return model
