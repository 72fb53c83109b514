"""Labelled texts, as strings: what a text data set is before a vocabulary makes tensors of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from sklearn.model_selection import train_test_split
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Texts:
    """Sentences and their labels: sentence i has label i.

    Args:
        sentences: N strings.
        labels: (N,) int64, 0 to the number of classes - 1.

    Raises:
        ValueError: the two differ in length.
    """

    sentences: list[str]
    labels: Tensor

    def __post_init__(self) -> None:
        if self.labels.shape != (len(self.sentences),):
            raise ValueError(
                f"Texts need one label per sentence, but came {len(self.sentences)} sentences and labels of shape "
                f"{tuple(self.labels.shape)}. Select the same rows from both."
            )

    def __len__(self) -> int:
        return len(self.sentences)

    def __getitem__(self, rows: Sequence[int]) -> "Texts":
        """The texts at these indices, in their order."""
        return Texts([self.sentences[row] for row in rows], self.labels[torch.as_tensor(rows, dtype=torch.int64)])


@dataclass(frozen=True, eq=False)
class TextSplits:
    """One text data set in three disjoint parts.

    Args:
        name: the data set's name, as `load_texts` knows it.
        train: texts to build the vocabulary and fit parameters on.
        valid: texts to choose hyperparameters on.
        test: texts to report on, once.
        classes: the class names; a label t stands for classes[t].
    """

    name: str
    train: Texts
    valid: Texts
    test: Texts
    classes: list[str]


def holdout_texts(texts: Texts, size: int | float, seed: int) -> tuple[Texts, Texts]:
    """Divide texts in two, each class in the same proportion in both; the rest, and the part held out.

    Args:
        texts: at least two of each class.
        size: texts in the second part: a number, or a share between 0 and 1.
        seed: decides which texts go where, 0 to 2**32 - 1.
    """
    labels = texts.labels.numpy()
    first, second = train_test_split(range(len(texts)), test_size=size, stratify=labels, random_state=seed)
    return texts[first], texts[second]
