"""The training set: its order, its scale, and whether images and masks fit."""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.collected import training_set
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import take_step
from helpers.doctor.probing.state import restored
from helpers.doctor.probing.trees import cloned, mapped, tensors

STEPS = 30


def check_values(program: Program) -> Iterator[Finding]:
    """Look for values that are not finite, and for inputs that hardly differ beside a common offset."""
    for place, batch in enumerate(program.sample):
        bad = sum(int((~tensor.isfinite()).sum()) for tensor in tensors(batch) if tensor.is_floating_point())
        if bad:
            yield found("data-not-finite", f"batch {place} holds {bad} values that are NaN or infinite")
            return
    flat = training_set(program).flat
    if flat is None or len(flat) < 16 or not program.has_loss or not program.optimizers:
        return
    spread, offset = flat.std(0), flat.mean(0).abs()
    varied = spread > 0
    if not bool(varied.any()):
        return
    ratio, size = float((offset / spread)[varied].median()), float(spread[varied].median())
    uneven = flat.shape[1] < 200 and float(spread[varied].max() / spread[varied].min()) > 300
    if ratio > 30 or size > 10 or uneven:
        scale = (flat.mean(0), spread.clamp_min(1e-12)) if uneven else (flat.mean(), spread[varied].mean())
        raw, standard = _train(program, None), _train(program, scale)
        if standard < 0.8 * raw or (standard == standard and raw != raw):
            yield found(
                "inputs-badly-scaled",
                f"the inputs lie around {float(flat.mean()):.3g} and differ by {size:.2g} from sample to sample; after "
                f"{STEPS} steps the loss is {raw:.3g}, and {standard:.3g} with inputs of mean 0 and spread 1",
                "fault" if ratio > 30 else "suspicion",
            )


def _train(program: Program, scale: tuple[Tensor, Tensor] | None) -> float:
    """Train a little, with the inputs as they are or standardized, and return the last losses' mean."""
    losses = []
    with restored(program):
        program.model.train()
        for step in range(STEPS):
            batch = cloned(program.sample[step % len(program.sample)])
            if scale is not None:
                batch = _standardized(batch, scale)
            with attributes_of(program.model):
                losses.append(take_step(program, batch))
    return sum(losses[-5:]) / 5


def _standardized(batch: Any, scale: tuple[Tensor, Tensor]) -> Any:
    mean, spread = scale

    def change(x: Tensor) -> Tensor:
        shape = (1, *x.shape[1:]) if mean.dim() else ()
        return (x - mean.to(x).reshape(shape)) / spread.to(x).reshape(shape)

    first = mapped(lambda x: change(x) if x.is_floating_point() else x, batch[0])
    return (first, *batch[1:])


FLIPS = {"left to right": (-1,), "upside down": (-2,), "by half a turn": (-2, -1)}


def check_masks(program: Program) -> Iterator[Finding]:
    """Predict masks from the pixels around, and see whether some fit better once they are flipped."""
    data = training_set(program)
    images, masks = data.inputs, data.targets
    if images is None or masks is None or images.dim() != 4 or not images.is_floating_point():
        return
    masks = masks[:, 0] if masks.dim() == 4 and masks.shape[1] == 1 else masks
    if masks.shape != images[:, 0].shape or min(masks.shape[1:]) < 4 or len(masks) < 16:
        return
    images, masks = images[:256].float(), masks[:256].float()
    guess = _guess(images, masks)
    fits = {name: _agreement(guess, masks.flip(axes)) for name, axes in FLIPS.items()}
    plain = _agreement(guess, masks)
    for name, fit in fits.items():
        better = (fit > plain + 0.2) & (fit > 0.4)
        if float(better.float().mean()) > 0.15:
            yield found(
                "mask-apart-from-image",
                f"{int(better.sum())} of {len(masks)} masks fit their image better when flipped {name} (correlation "
                f"{float(fit[better].mean()):.2f} against {float(plain[better].mean()):.2f})",
            )
            return


def _guess(images: Tensor, masks: Tensor) -> Tensor:
    """Return a linear guess (N, H, W) of the mask at each pixel from the 3 x 3 pixels around it."""
    patches = F.unfold(images, 3, padding=1).transpose(1, 2)  # (N, H * W, C * 9)
    design = torch.cat([patches, torch.ones_like(patches[..., :1])], -1).flatten(0, 1)
    square = design.T @ design + 1e-3 * len(design) * torch.eye(design.shape[1])
    weights = torch.linalg.solve(square, design.T @ masks.reshape(-1, 1))
    guess: Tensor = (design @ weights).reshape(masks.shape)
    return guess


def _agreement(guess: Tensor, masks: Tensor) -> Tensor:
    """Return the correlation of each sample's guess and mask, (N,)."""
    a, b = (values.flatten(1) - values.flatten(1).mean(1, keepdim=True) for values in (guess, masks))
    size = (torch.linalg.vector_norm(values, dim=1) for values in (a, b))
    agreement: Tensor = (a * b).sum(1) / torch.stack(list(size)).prod(0).clamp_min(1e-12)
    return agreement
