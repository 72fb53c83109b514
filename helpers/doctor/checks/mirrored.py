"""Validation images that are training images turned or mirrored."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.collected import training_set, validation_set
from helpers.doctor.probing.program import Program

MOST = 2000  # images of each side
TURNS: dict[str, Callable[[Tensor], Tensor]] = {
    "mirrored": lambda images: images.flip(-1),
    "upside down": lambda images: images.flip(-2),
    "turned by half": lambda images: images.flip((-1, -2)),
    "turned to the left": lambda images: images.rot90(1, (-2, -1)),
    "turned to the right": lambda images: images.rot90(-1, (-2, -1)),
}


def check_mirrored(program: Program) -> Iterator[Finding]:
    """Turn and mirror the validation images, and look for equal ones in the training set; random ones have none."""
    train, valid = training_set(program).inputs, validation_set(program).inputs
    if train is None or valid is None or not _are_images(train) or not _are_images(valid):
        return
    train, valid = train[:MOST], valid[:MOST]
    known, plain = set(_keys(train)), _keys(valid)
    for how, turn in TURNS.items():
        turned = turn(valid)
        if turned.shape[1:] != train.shape[1:]:
            continue
        both = sum(key in known and key != own for key, own in zip(_keys(turned), plain, strict=True))
        if both >= 2 and both >= 0.05 * len(valid):
            yield found(
                "valid-overlaps-train",
                f"{both} of {len(valid)} validation images ({100 * both / len(valid):.0f} %) stand in the training "
                f"set, {how}",
            )
            return


def _are_images(values: Tensor) -> bool:
    """True for at least 20 images that take many values and differ, so that equal ones do not come by chance."""
    if values.dim() not in (3, 4) or len(values) < 20 or min(values.shape[-2:]) < 4:
        return False
    some = values[:50].reshape(min(len(values), 50), -1)
    return len(torch.unique(some)) > 4 and len(torch.unique(some, dim=0)) > 0.9 * len(some)


def _keys(images: Tensor) -> list[bytes]:
    return [image.contiguous().numpy().tobytes() for image in images]
