"""Two tables that come with scikit-learn: breast-cancer and synthetic."""

import torch
from sklearn.datasets import load_breast_cancer, make_classification

from helpers.data.examples import Examples
from helpers.data.splits import Splits, stratified


def breast_cancer(seed: int) -> Splits:
    """569 tumours, 30 measurements of cell nuclei each; class 1 is malignant, the class to look for.

    scikit-learn labels them the other way round (1 = benign). Inputs (N, 30) float32 in the units of the
    measurements, from 0 to 4254; targets (N,) int64, 357 benign and 212 malignant.

    Source: Street, Wolberg and Mangasarian, 1993, Breast Cancer Wisconsin (Diagnostic), UCI.
    """
    table = load_breast_cancer()
    inputs = torch.tensor(table.data, dtype=torch.float32)
    targets = torch.tensor(1 - table.target, dtype=torch.int64)
    parts = stratified(Examples(inputs, targets), seed)
    return Splits("breast-cancer", *parts, ["benign", "malignant"], [str(n) for n in table.feature_names])


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
