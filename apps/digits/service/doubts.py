"""When not to trust an answer: the picture is unlike the training data, or the model itself is not certain."""

import numpy as np
from numpy.typing import NDArray

from apps.digits.model_folder import ReferenceImages
from apps.digits.service.preprocess import averaged

Array = NDArray[np.float32]
UNLIKE = "This is unlike the digits that the model was trained on."
UNCERTAIN = "The model is not certain."


class Doubts:
    """Compares images with those that the model was trained on.

    A network answers anything, often with a probability near 1: what it is certain of says little about a picture
    from outside its data. The distance to the nearest training image does (k nearest neighbors, k = 1).

    Args:
        reference: from the model card; without one, nothing is doubted.
    """

    def __init__(self, reference: ReferenceImages | None) -> None:
        self._reference = reference
        if reference is not None:
            self._known = np.array([[int(digit, 16) for digit in image] for image in reference.images]) / 15
            self._grid = round(self._known.shape[1] ** 0.5)

    def __call__(self, images: Array, probabilities: Array) -> list[list[str]]:
        """Return for each image the sentences that say why to doubt its answer; mostly none.

        Args:
            images: (N, H, W), in [0, 1].
            probabilities: (N, K).
        """
        if self._reference is None:
            return [[] for _ in images]
        unlike = distances(images, self._known, grid=self._grid) > self._reference.max_distance
        uncertain = probabilities.max(axis=1) < self._reference.min_certainty
        signs = {UNLIKE: unlike, UNCERTAIN: uncertain}
        return [[sentence for sentence, sign in signs.items() if sign[index]] for index in range(len(images))]


def distances(images: Array, known: NDArray[np.float64], *, grid: int) -> NDArray[np.float64]:
    """Return the Euclidean distance of each image (N, H, W) to the nearest known one (M, grid * grid)."""
    small = np.stack([averaged(image, grid).ravel() for image in images])
    return np.asarray(np.sqrt(((small[:, None] - known) ** 2).sum(axis=2)).min(axis=1))
