"""What the model card keeps of the training images, so that the service notices a picture that is unlike them."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from apps.digits.model_folder import ReferenceImages
from apps.digits.service.doubts import distances
from apps.digits.service.preprocess import averaged

Array = NDArray[np.float32]
_PER_CLASS = 20
_FEWEST = 3  # images behind a mean
_SHARE = 0.99  # of the held-out images, that are to be doubted by neither sign


def reference_images(
    images: Array, labels: NDArray[np.int64], *, held_out: Array, certainties: Array, grid: int = 8
) -> ReferenceImages:
    """Return means of similar training images (k-means, class by class), and where held-out images end.

    Means, and no single images: a folder that travels should not carry the examples of a training.

    Args:
        images: (N, H, W) that the model was trained on, in [0, 1].
        labels: (N,), their classes.
        held_out: (M, H, W) that it was not trained on.
        certainties: (M,), the probability of the class that the model names for each of these.
        grid: the comparison is made on grid x grid values.
    """
    small = np.stack([averaged(image, grid).ravel() for image in images])
    means = np.concatenate([_means(small[labels == label]) for label in np.unique(labels)])
    sixteenths = np.clip(np.round(15 * means), 0, 15).astype(int)
    far = np.quantile(distances(held_out, sixteenths / 15, grid=grid), _SHARE)
    return ReferenceImages(
        images=tuple("".join(f"{value:x}" for value in image) for image in sixteenths.tolist()),
        max_distance=round(float(far), 4),
        min_certainty=round(float(np.quantile(certainties, 1 - _SHARE)), 4),
    )


def _means(images: Array) -> Array:
    """Return the means of groups of similar images; a smaller group would give its images away, and is left out."""
    groups = KMeans(min(_PER_CLASS, max(1, len(images) // _FEWEST)), n_init=1, random_state=0).fit(images)
    return np.asarray(groups.cluster_centers_[np.bincount(groups.labels_) >= _FEWEST])
