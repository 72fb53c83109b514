"""breast-cancer: measurements of cell nuclei, a table that comes with scikit-learn."""

import torch
from sklearn.datasets import load_breast_cancer

from helpers.data.examples import Examples
from helpers.data.splits import Splits, stratified


def breast_cancer(seed: int) -> Splits:
    """569 tumors, 30 measurements of cell nuclei each; class 1 is malignant, the class to look for.

    scikit-learn labels them the other way round (1 = benign). Inputs (N, 30) float32 in the units of the
    measurements, from 0 to 4254; targets (N,) int64, 357 benign and 212 malignant.

    Source: Street, Wolberg and Mangasarian, 1993, Breast Cancer Wisconsin (Diagnostic), UCI.
    """
    table = load_breast_cancer()
    inputs = torch.tensor(table.data, dtype=torch.float32)
    targets = torch.tensor(1 - table.target, dtype=torch.int64)
    parts = stratified(Examples(inputs, targets), seed)
    return Splits("breast-cancer", *parts, ["benign", "malignant"], [str(n) for n in table.feature_names])
