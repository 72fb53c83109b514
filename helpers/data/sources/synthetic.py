"""synthetic: a generated table of two classes."""

import torch
from sklearn.datasets import make_classification

from helpers.data.examples import Examples
from helpers.data.splits import Splits, stratified


def synthetic(seed: int) -> Splits:
    """1000 generated points in 10 dimensions, 7 of which tell something about the class; 2 classes.

    The points are always the same ones; the seed decides the split only. Inputs (N, 10) float32, targets
    (N,) int64.

    Source: scikit-learn's make_classification, after Guyon, 2003, Design of experiments for the NIPS 2003
    variable selection benchmark.
    """
    points, labels = make_classification(n_samples=1000, n_features=10, n_informative=7, n_redundant=0, random_state=1)
    examples = Examples(torch.tensor(points, dtype=torch.float32), torch.tensor(labels, dtype=torch.int64))
    features = [f"feature {column}" for column in range(10)]
    return Splits("synthetic", *stratified(examples, seed), ["class 0", "class 1"], features)
