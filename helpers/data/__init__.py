"""Data sets, splits and batches, in memory and on the CPU until the caller moves them."""

from helpers.data.data_error import DataError
from helpers.data.examples import Examples
from helpers.data.loaders import Augmented, Batches, BucketBatches
from helpers.data.registry import load, load_texts, load_volumes
from helpers.data.splits import Splits
from helpers.data.texts import Texts, TextSplits
from helpers.data.transforms import Standardizer, sample_patches
from helpers.data.vocabulary import Vocabulary, pad, tokenize

__all__ = [
    "Augmented",
    "Batches",
    "BucketBatches",
    "DataError",
    "Examples",
    "Splits",
    "Standardizer",
    "TextSplits",
    "Texts",
    "Vocabulary",
    "load",
    "load_texts",
    "load_volumes",
    "pad",
    "sample_patches",
    "tokenize",
]
