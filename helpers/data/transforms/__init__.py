"""Changes of whole batches: standardizing, and random changes that keep the label."""

from helpers.data.transforms.crop_and_flip import crop_and_flip
from helpers.data.transforms.jitter import jitter
from helpers.data.transforms.mix import boxes_at, cutmix, erase, mixup, random_boxes
from helpers.data.transforms.normalize import standardize_inside
from helpers.data.transforms.resize import resize
from helpers.data.transforms.sample_patches import sample_patches
from helpers.data.transforms.standardizer import Standardizer
from helpers.data.transforms.vary import vary
from helpers.data.transforms.warp import affine_matrices, uniform, warp

__all__ = [
    "Standardizer",
    "affine_matrices",
    "boxes_at",
    "crop_and_flip",
    "cutmix",
    "erase",
    "jitter",
    "mixup",
    "random_boxes",
    "resize",
    "sample_patches",
    "standardize_inside",
    "uniform",
    "vary",
    "warp",
]
