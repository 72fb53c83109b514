"""Losses: tensors in, one scalar tensor out.

Every loss averages over the batch (`rmse` takes the root of that mean) and checks its shapes, since a wrong shape
would broadcast in silence.
"""

from helpers.losses.overlap import dice, generalized_dice, one_hot
from helpers.losses.pointwise import binary_cross_entropy, cross_entropy, kl_divergence, rmse, squared_error

__all__ = [
    "binary_cross_entropy",
    "cross_entropy",
    "dice",
    "generalized_dice",
    "kl_divergence",
    "one_hot",
    "rmse",
    "squared_error",
]
