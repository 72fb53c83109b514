"""Data sets, splits and batches, in memory and on the CPU until the caller moves them."""

from helpers.data.batches import Batches
from helpers.data.errors import DataError
from helpers.data.examples import Examples
from helpers.data.registry import load
from helpers.data.splits import Splits
from helpers.data.standardizer import Standardizer

__all__ = ["Batches", "DataError", "Examples", "Splits", "Standardizer", "load"]
