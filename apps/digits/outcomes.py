"""How often the service reads photographs that went wrong, and how often it says that it doubts."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from apps.digits.disturbances import DISTURBANCES, NO_DIGITS, photograph
from apps.digits.service.model import Model
from apps.digits.service.preprocess import prepare
from apps.digits.service.refusals import RefusedError
from apps.digits.strokes import STROKES


@dataclass
class Outcome:
    """What the service made of some photographs.

    Attributes:
        right: read right, and said so.
        doubted: answered with a doubt, right or wrong, or refused as blank.
        misread: answered wrongly without a word.
    """

    right: int = 0
    doubted: int = 0
    misread: int = 0


def outcome(model: Model, name: str, *, each: int = 1, seed: int = 0) -> Outcome:
    """Return what the service makes of one kind of photograph; of pictures that are no digits no answer is right.

    Args:
        model: from a model folder.
        name: of the kind, in DISTURBANCES or NO_DIGITS.
        each: photographs of each of the ten digits.
        seed: of pens, places and disturbances.
    """
    draw = np.random.default_rng(seed)
    disturb = {**DISTURBANCES, **NO_DIGITS}[name]
    found = Outcome()
    for digit in [digit for digit in STROKES for _ in range(each)]:
        answer, doubted = read(model, photograph(digit, disturb, draw))
        if doubted:
            found.doubted += 1
        elif answer == digit and name in DISTURBANCES:
            found.right += 1
        else:
            found.misread += 1
    return found


def read(model: Model, image: Image.Image) -> tuple[str, bool]:
    """Return the class that the model names for a gray picture, and whether it is doubted."""
    try:
        gray = np.asarray(np.asarray(image) / 255, dtype=np.float32)
        prepared = prepare(gray, model.card.preprocessing)[None]
    except RefusedError:
        return "", True
    probabilities = model.probabilities(prepared)
    (doubts,) = model.doubts(prepared, probabilities)
    return model.card.classes[int(probabilities.argmax())], bool(doubts)
