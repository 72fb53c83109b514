"""Training, validation and test sets, and how a data set is divided into them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from sklearn.model_selection import train_test_split
from torch import Tensor

from helpers.data.examples import Examples


@dataclass(frozen=True, eq=False)
class Splits:
    """One data set in three disjoint parts.

    Args:
        name: the data set's name, as `load` knows it.
        train: examples to fit parameters on.
        valid: examples to choose hyperparameters on.
        test: examples to report on, once.
        classes: the class names; a target t stands for classes[t].
        features: the names of the input's columns; for images, of its channels.
    """

    name: str
    train: Examples
    valid: Examples
    test: Examples
    classes: list[str]
    features: list[str]

    def map(self, transform: Callable[[Tensor], Tensor]) -> "Splits":
        """The same splits with `transform` (N, ...) -> (N, ...) applied to the inputs of each part."""

        def applied(part: Examples) -> Examples:
            return Examples(transform(part.inputs), part.targets)

        return replace(self, train=applied(self.train), valid=applied(self.valid), test=applied(self.test))


def holdout(examples: Examples, size: int | float, seed: int) -> tuple[Examples, Examples]:
    """Divide examples in two, each class in the same proportion in both (stratified).

    Args:
        examples: on the CPU, with class labels (N,) as targets, at least two of each class.
        size: examples in the second part: a number, or a share between 0 and 1.
        seed: decides which examples go where, 0 to 2**32 - 1.

    Returns:
        The rest, and the held-out part; the rows of each in shuffled order.
    """
    labels = examples.targets.numpy()
    first, second = train_test_split(range(len(examples)), test_size=size, stratify=labels, random_state=seed)
    return examples[torch.tensor(first)], examples[torch.tensor(second)]


def stratified(examples: Examples, seed: int) -> tuple[Examples, Examples, Examples]:
    """Divide examples into training, validation and test sets of 60, 20 and 20 %, stratified by class."""
    rest, test = holdout(examples, 0.2, seed)
    train, valid = holdout(rest, len(test), seed)
    return train, valid, test
