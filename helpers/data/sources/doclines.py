"""doclines: which library does an English sentence from a docstring describe?"""

import gc
import re
from functools import cache

import torch

from helpers.data.sources.docstrings import package_sentences
from helpers.data.sources.near_duplicates import distinct
from helpers.data.texts import Texts, TextSplits, holdout_texts

LIBRARIES = {"torch": "PyTorch", "matplotlib": "Matplotlib", "sklearn": "scikit-learn", "scipy": "SciPy"}
PER_CLASS = 2500
READ = 3100  # different sentences read per library; near-duplicates go, then what is above PER_CLASS
MASK = "this_library"
NAMES = re.compile(
    r"\b\w*(?:torch|scipy|sklearn|scikit|matplotlib|pyplot|pylab|numpy|mpl_toolkits)\w*(?:-learn)?"
    r"|\b(?:mpl\w*|plt|np|aten|caffe2)\b",
    re.IGNORECASE,
)


def doclines(seed: int) -> TextSplits:
    """About 10,000 sentences from the docstrings of four installed libraries; the class is the library.

    The libraries' names, and NumPy's, are replaced by `this_library`: a model has to go by the subject. No two
    sentences are near-duplicates (see `distinct`), so none in the test set has one in the training set, whatever
    the split. Which sentences there are depends on the installed versions; the seed decides the split and nothing
    else. Stratified 60/20/20.

    Source: the docstrings of PyTorch, Matplotlib, scikit-learn and SciPy, each under its own BSD-like license.
    """
    texts = _all_sentences()
    rest, test = holdout_texts(texts, 0.2, seed)
    train, valid = holdout_texts(rest, len(test), seed)
    return TextSplits("doclines", train, valid, test, list(LIBRARIES.values()))


def masked(sentence: str) -> str:
    """The sentence with `this_library` for each word that holds a library's name."""
    return NAMES.sub(MASK, sentence)


@cache
def _all_sentences() -> Texts:
    """Read once per process: the sources do not change while it runs."""
    found = [(sentence, label) for label, package in enumerate(LIBRARIES) for sentence in _read(package)]
    counts = [0] * len(LIBRARIES)
    kept = []
    for index in distinct([sentence for sentence, _ in found]):
        label = found[index][1]
        if counts[label] < PER_CLASS:
            kept.append(index)
            counts[label] += 1
    return Texts([found[index][0] for index in kept], torch.tensor([found[index][1] for index in kept]))


def _read(package: str) -> list[str]:
    """The first `READ` different sentences of a package, masked."""
    collecting = gc.isenabled()
    gc.disable()  # it would walk each new syntax tree over and over, which takes as long as all the rest
    try:
        unlike: dict[str, None] = {}
        for sentence in package_sentences(package):
            unlike[masked(sentence)] = None
            if len(unlike) == READ:
                break
        return list(unlike)
    finally:
        if collecting:
            gc.enable()
