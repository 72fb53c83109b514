"""Phantoms: generated heads in four MRI contrasts, most of them with a nested lesion (u-net chapter).

They have what makes real scans hard, on a small scale: a lesion in three nested parts, healthy structures that look
like each part where one voxel is seen alone, a brightness that drifts across the volume, blur and noise.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from helpers.data.examples import Examples
from helpers.data.transforms.normalize import standardize_inside

Array = NDArray[Any]
Size = tuple[int, int, int]

CHANNELS = ["FLAIR", "T1", "T1ce", "T2"]  # the order of the Medical Segmentation Decathlon's Task01
CLASSES = ["background", "edema", "non-enhancing core", "enhancing"]  # likewise: labels 0, 1, 2, 3
EMPTY = 6  # every sixth volume has no lesion: what does a loss or a score do with a class that is not there?

# What each tissue looks like in each contrast, 0 (black) to 1. The last three rows are the lesion's parts; each has
# healthy look-alikes: caps are nearly edema, CSF and cysts are nearly core, vessels are nearly enhancing.
TISSUES = ["grey", "white", "csf", "cap", "vessel", "edema", "core", "enhancing"]
LOOKS = np.array(
    [  # FLAIR  T1   T1ce   T2
        [0.55, 0.50, 0.52, 0.60],
        [0.45, 0.70, 0.72, 0.45],
        [0.15, 0.20, 0.22, 0.95],
        [0.72, 0.48, 0.50, 0.70],
        [0.50, 0.55, 0.98, 0.45],
        [0.85, 0.45, 0.47, 0.80],
        [0.35, 0.28, 0.32, 0.85],
        [0.70, 0.45, 0.95, 0.65],
    ],
    dtype=np.float32,
)


def phantoms(seed: int, *, volumes: int = 120, size: int = 32) -> Examples:
    """Generated heads: images (N, 4, size, size, size) float32 and labels (N, size, size, size) int64, 0 to 3.

    Volume i is drawn from (seed, i) alone, so that a larger set begins with the volumes of a smaller one.
    """
    made = [
        phantom((size, size, size), np.random.default_rng([seed, index]), lesion=index % EMPTY != EMPTY - 1)
        for index in range(volumes)
    ]
    images, labels = zip(*made, strict=True)
    return Examples(torch.from_numpy(np.stack(images)), torch.from_numpy(np.stack(labels)))


def phantom(size: Size, rng: np.random.Generator, *, lesion: bool) -> tuple[Array, Array]:
    """One head: an image (4, D, H, W) float32 and its labels (D, H, W) int64, 0 to 3.

    The image has mean 0 and standard deviation 1 inside the head in each channel, and is 0 outside.

    Args:
        size: depth, height and width in voxels, each at least 8; the head fills most of it.
        rng: the source of everything that is random.
        lesion: whether there is one.
    """
    place, head = _head(size, rng)
    tissue = _healthy(place, rng)
    labels = np.zeros(size, dtype=np.int64)
    if lesion:
        labels = _lesion(place, rng) * head
        tissue = np.where(labels > 0, labels + TISSUES.index("edema") - 1, tissue)
    image = _seen(tissue, head, rng)
    return standardize_inside(image, head), labels


def _head(size: Size, rng: np.random.Generator) -> tuple[Array, Array]:
    """Where each voxel lies in the head's own coordinates (3, D, H, W), and which voxels lie in the head."""
    axes = [np.linspace(-1, 1, n, dtype=np.float32) for n in size]
    place: Array = np.stack(np.meshgrid(*axes, indexing="ij"))
    turn = _rotation(rng.uniform(-0.2, 0.2, 3))
    scale = rng.uniform(1.05, 1.2, (3, 1, 1, 1))
    place = np.tensordot(turn, place - rng.uniform(-0.05, 0.05, (3, 1, 1, 1)), axes=1) * scale
    place = place + 0.05 * np.stack([smooth_field(size, rng) for _ in range(3)])
    return place.astype(np.float32), np.square(place).sum(axis=0) < 1


def _rotation(angles: Array) -> Array:
    """A rotation about the three axes in turn, angles in radians."""
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        first, second = [other for other in range(3) if other != axis]
        step = np.eye(3)
        step[first, first] = step[second, second] = np.cos(angle)
        step[first, second], step[second, first] = -np.sin(angle), np.sin(angle)
        turn = step @ turn
    return turn


def smooth_field(size: Size, rng: np.random.Generator, waves: int = 4) -> Array:
    """A random field (D, H, W) that changes slowly: a sum of a few cosine waves, with a mean square of about 1."""
    weights = rng.standard_normal((waves,) * 3)
    weights[0, 0, 0] = 0
    bases = [np.cos(np.pi * np.outer(np.arange(waves), (np.arange(n) + 0.5) / n)) for n in size]
    field = np.einsum("abc,ad,bh,cw->dhw", weights, *bases, optimize=True)
    return np.asarray(field / np.sqrt(np.square(weights).sum() / 4), dtype=np.float32)


def _ball(place: Array, center: Array, radii: Array | float) -> Array:
    """The distance from a center in units of the radii: below 1 inside the ellipsoid."""
    shape = (3, 1, 1, 1)
    offset = (place - center.reshape(shape)) / np.broadcast_to(radii, (3,)).reshape(shape)
    return np.asarray(np.sqrt(np.square(offset).sum(axis=0)), dtype=np.float32)


def _healthy(place: Array, rng: np.random.Generator) -> Array:
    """The tissue of each voxel (D, H, W) in a head without lesion."""
    size: Size = place.shape[1:]
    depth = np.sqrt(np.square(place).sum(axis=0)) + 0.05 * smooth_field(size, rng, 6)
    tissue = np.where(depth < 0.75, TISSUES.index("white"), TISSUES.index("grey"))
    tissue[depth > 0.95] = TISSUES.index("csf")
    radii = np.array([0.16, 0.42, 0.10]) * rng.uniform(0.8, 1.3)
    sides = [_ball(place, np.array([0.05, 0.0, side]), radii) for side in (-0.18, 0.18)]
    ventricles = np.minimum(*sides)
    tissue[ventricles < rng.uniform(1.2, 1.7)] = TISSUES.index("cap")
    tissue[ventricles < 1] = TISSUES.index("csf")
    for _ in range(rng.integers(0, 3)):  # cysts: CSF, with nothing around them
        tissue[_ball(place, _inside(rng), rng.uniform(0.1, 0.22, 3)) < 1] = TISSUES.index("csf")
    for _ in range(rng.integers(2, 5)):
        tissue[_tube(place, rng)] = TISSUES.index("vessel")
    return tissue


def _inside(rng: np.random.Generator, far: float = 0.55) -> Array:
    """A random point at most `far` from the head's middle."""
    direction = rng.standard_normal(3)
    return np.asarray(direction / np.linalg.norm(direction) * far * rng.uniform() ** (1 / 3))


def _tube(place: Array, rng: np.random.Generator) -> Array:
    """A vessel: the voxels near a straight line through the head."""
    along = rng.standard_normal(3)
    along /= np.linalg.norm(along)
    offset = place - _inside(rng, 0.8).reshape(3, 1, 1, 1)
    flat = offset - along.reshape(3, 1, 1, 1) * np.tensordot(along, offset, axes=1)
    near: Array = np.sqrt(np.square(flat).sum(axis=0)) < rng.uniform(0.05, 0.09)
    return near


def _lesion(place: Array, rng: np.random.Generator) -> Array:
    """Labels (D, H, W) of a lesion with a ragged rim: edema around an enhancing shell around a core."""
    size: Size = place.shape[1:]
    center, radius = _inside(rng), rng.uniform(0.4, 0.6)
    radii = radius * rng.uniform(0.8, 1.25, 3)
    outer = _ball(place, center, radii) * (1 + 0.15 * smooth_field(size, rng, 6))
    shift = radius * rng.uniform(-0.1, 0.1, 3)
    inner = _ball(place, center + shift, radii) * (1 + 0.1 * smooth_field(size, rng, 6))
    shell = rng.uniform(0.65, 0.8)
    labels = (outer < 1).astype(np.int64)
    labels[(inner < shell) & (outer < 1)] = CLASSES.index("enhancing")
    labels[(inner < shell * rng.uniform(0.6, 0.75)) & (outer < 1)] = CLASSES.index("non-enhancing core")
    return labels


def _seen(tissue: Array, head: Array, rng: np.random.Generator) -> Array:
    """What a scanner would show (4, D, H, W): blurred, with drifting brightness and noise."""
    looks = LOOKS * rng.normal(1, 0.06, LOOKS.shape)
    image = np.moveaxis(looks[tissue], -1, 0) * head
    for axis in (1, 2, 3):
        image = 0.7 * image + 0.15 * (np.roll(image, 1, axis) + np.roll(image, -1, axis))
    size: Size = tissue.shape
    drift = np.exp(0.2 * np.stack([smooth_field(size, rng, 3) for _ in CHANNELS]))
    return np.asarray(image * drift + rng.normal(0, 0.06, image.shape), dtype=np.float32)
