"""Mini-batches of examples in memory."""

from helpers.data.loaders.augmented import Augmented
from helpers.data.loaders.batches import Batches
from helpers.data.loaders.buckets import BucketBatches

__all__ = ["Augmented", "Batches", "BucketBatches"]
