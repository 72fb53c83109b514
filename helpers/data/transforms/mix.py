"""Erase a part of each image, or mix two of them and their labels, for a whole batch (data-augmentation chapter)."""

import torch
from torch import Tensor


def boxes_at(middle_rows: Tensor, middle_columns: Tensor, areas: Tensor, height: int, width: int) -> Tensor:
    """Return a mask of one box for each image, with the given middles; what reaches beyond the image is cut off.

    Args:
        middle_rows: (B,) whole numbers, the first row of the lower half of each box.
        middle_columns: (B,), likewise the first column of its right half.
        areas: (B,), the share of the image that a whole box covers, 0 to 1; sides are rounded down to even pixels.
        height: of the images in pixels.
        width: likewise.

    Returns:
        (B, height, width) bool on the device of the arguments, True inside the box.
    """
    box_side = areas.sqrt()[:, None]  # (B, 1), as a share of the image's side
    half_height = (box_side * height / 2).long()
    half_width = (box_side * width / 2).long()
    rows = torch.arange(height, device=areas.device) - middle_rows[:, None]
    columns = torch.arange(width, device=areas.device) - middle_columns[:, None]
    in_rows = (rows >= -half_height) & (rows < half_height)  # (B, height)
    in_columns = (columns >= -half_width) & (columns < half_width)  # (B, width)
    return in_rows[:, :, None] & in_columns[:, None, :]


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
    device = generator.device
    rows = torch.randint(height, areas.shape, generator=generator, device=device)
    columns = torch.randint(width, areas.shape, generator=generator, device=device)
    rows = rows.to(areas.device)
    columns = columns.to(areas.device)
    return boxes_at(rows, columns, areas, height, width)


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
    mean_color = images.mean(dim=(2, 3), keepdim=True)
    return torch.where(boxes[:, None], mean_color, images)


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
    other_images = images.roll(1, 0)
    other_targets = targets.roll(1, 0)
    own = shares.view(-1, 1, 1, 1)
    mixed_images = own * images + (1 - own) * other_images
    own = shares.view(-1, 1)
    mixed_targets = own * targets + (1 - own) * other_targets
    return mixed_images, mixed_targets


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
    other_images = images.roll(1, 0)
    other_targets = targets.roll(1, 0)
    mixed_images = torch.where(boxes[:, None], other_images, images)
    cut = boxes.to(targets).mean(dim=(1, 2)).view(-1, 1)  # each image's own share
    mixed_targets = (1 - cut) * targets + cut * other_targets
    return mixed_images, mixed_targets
