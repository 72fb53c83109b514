"""Data sets, splits and batches, in memory and on the CPU until the caller moves them."""

from helpers.data.batches import Batches
from helpers.data.buckets import BucketBatches
from helpers.data.errors import DataError
from helpers.data.examples import Examples
from helpers.data.registry import load
from helpers.data.splits import Splits
from helpers.data.standardizer import Standardizer
from helpers.data.text_registry import load_texts
from helpers.data.texts import Texts, TextSplits
from helpers.data.vocabulary import Vocabulary, pad, tokenize
from helpers.data.volumes import load_volumes, sample_patches

__all__ = [
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
