"""The model as the service sees it: images in, probabilities out."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from apps.digits.model_folder import ModelFolderError, read_folder
from apps.digits.service.doubts import Doubts
from helpers.deploy.session import open_session

Array = NDArray[np.float32]


class Model:
    """An exported classifier, checked against its card.

    Args:
        folder: holds ``model.onnx`` and ``model.json``.
        threads: that one run may use.

    Raises:
        ModelFolderError: a file is missing or damaged, or the model is not what the card says.
    """

    def __init__(self, folder: str | Path, *, threads: int = 1) -> None:
        content, self.card = read_folder(folder)
        try:
            self._session = open_session(content, threads=threads)
        except Exception as error:  # ONNX Runtime raises classes of its own for each kind of broken file
            raise ModelFolderError(f"ONNX Runtime cannot read the model in {folder}: {error}") from error
        self._check(folder)
        self.doubts = Doubts(self.card.reference)

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of an image."""
        return self.card.input_shape[1:]

    def probabilities(self, images: Array) -> Array:
        """Return (N, K) for images (N, H, W), float32 in [0, 1]."""
        (logits,) = self._session.run([self.card.output_name], {self.card.input_name: images[:, None]})
        return softmax(logits)

    def _check(self, folder: str | Path) -> None:
        """Run it once: the names, the shape, the number of classes, and that any number of images will do."""
        card = self.card
        if card.input_shape != (1, card.preprocessing.size, card.preprocessing.size):
            raise ModelFolderError(f"{folder}: input_shape {card.input_shape} does not fit {card.preprocessing!r}")
        for count in (1, 3):
            try:
                outputs = self.probabilities(np.zeros((count, *self.image_shape), dtype=np.float32))
            except Exception as error:
                raise ModelFolderError(f"{folder}: the model does not run on what its card says: {error}") from error
            if outputs.shape != (count, len(card.classes)):
                raise ModelFolderError(
                    f"{folder}: the card names {len(card.classes)} classes, so {count} image(s) should give "
                    f"{(count, len(card.classes))}, but the model gives {outputs.shape}"
                )


def softmax(logits: Array) -> Array:
    """Return probabilities for logits (N, K)."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))
