"""Erase a part of each image, or mix two of them and their labels, for a whole batch (data-augmentation chapter)."""

import torch
from torch import Tensor


def random_boxes(areas: Tensor, height: int, width: int, *, generator: torch.Generator) -> Tensor:
    """Draw one box for each image, with a center anywhere in it; what reaches beyond the image is cut off.

    Args:
        areas: (B,), the share of the image that a whole box covers, 0 to 1.
        height: of the images in pixels.
        width: likewise.
        generator: source of the random numbers; a CPU generator draws the same everywhere.

    Returns:
        (B, height, width) bool on the device of `areas`, True inside the box.
    """
    inside = []
    for size in (height, width):
        middle = torch.randint(size, (len(areas), 1), generator=generator, device=generator.device)
        half = (0.5 * areas.sqrt() * size).long()[:, None]
        away = torch.arange(size, device=areas.device) - middle.to(areas.device)  # (B, size)
        inside.append((away >= -half) & (away < half))
    return inside[0][:, :, None] & inside[1][:, None, :]


def erase(images: Tensor, boxes: Tensor) -> Tensor:
    """Paint each image's box in the image's own mean color.

    Source: DeVries and Taylor, 2017, "Improved regularization of convolutional neural networks with cutout",
    arXiv:1708.04552, and Zhong et al., 2020, "Random erasing data augmentation", arXiv:1708.04896.

    Args:
        images: (B, C, H, W), floating point.
        boxes: (B, H, W) bool, on the images' device.

    Returns:
        (B, C, H, W), a new tensor.
    """
    return torch.where(boxes[:, None], images.mean(dim=(2, 3), keepdim=True), images)


def mixup(images: Tensor, targets: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """Blend each image and its target with those before it in the batch; the first with the last.

    Source: Zhang et al., 2018, "mixup: beyond empirical risk minimization", arXiv:1710.09412.

    Args:
        images: (B, C, H, W), in random order.
        targets: (B, K) probabilities of the classes; a class number is one-hot.
        shares: (B,), how much of each image stays, 0 to 1.

    Returns:
        Images and targets of the same shapes.
    """
    own = shares.view(-1, 1, 1, 1)
    mixed = own * images + (1 - own) * images.roll(1, 0)
    own = shares.view(-1, 1)
    return mixed, own * targets + (1 - own) * targets.roll(1, 0)


def cutmix(images: Tensor, targets: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Fill each image's box from the image before it in the batch, and mix the targets by area.

    Source: Yun et al., 2019, "CutMix: regularization strategy to train strong classifiers with localizable
    features", arXiv:1905.04899.

    Args:
        images: (B, C, H, W), in random order.
        targets: (B, K) probabilities of the classes; a class number is one-hot.
        boxes: (B, H, W) bool, on the images' device.

    Returns:
        Images and targets of the same shapes.
    """
    mixed = torch.where(boxes[:, None], images.roll(1, 0), images)
    own = 1 - boxes.to(targets).mean(dim=(1, 2)).view(-1, 1)
    return mixed, own * targets + (1 - own) * targets.roll(1, 0)
