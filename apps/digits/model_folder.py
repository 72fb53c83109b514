"""The model folder: ``model.onnx``, and ``model.json`` with all that a stranger needs to use it. Imports no torch."""

import hashlib
import tempfile
from math import isqrt
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from helpers.files import write_whole

MODEL, CARD = "model.onnx", "model.json"
DEFAULT = Path("_build") / "digits-model"  # below the folder that a command is run in
Count = Annotated[int, Field(ge=1)]


class ModelFolderError(RuntimeError):
    """A model folder is missing, incomplete or damaged."""


class Strict(BaseModel):
    """Plain data: unknown names are errors, and nothing changes after it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Preprocessing(Strict):
    """How a picture becomes an input: as the training images were made.

    The defaults are those of the bundled digits, whose makers set a digit as high as a 32x32 square, counted its ink
    in 4x4 blocks and so got 8x8 values.

    Attributes:
        canvas: side of the square in which a digit is set, in pixels.
        height: the digit's largest height there.
        width: the digit's largest width there.
        grid: the square is averaged down to grid x grid values.
        size: these are enlarged, bilinearly, to size x size: the model's input.
        ink: share of the square that ink covers, to which strokes are thickened or thinned; None leaves them.
        center: what lies in the middle: "box", the digit's bounding box, or "mass", its center of mass.
    """

    canvas: Count = 32
    height: Count = 32
    width: Count = 26
    grid: Count = 8
    size: Count = 28
    ink: Annotated[float, Field(gt=0, lt=1)] | None = 0.3
    center: Literal["box", "mass"] = "mass"


class ReferenceImages(Strict):
    """What the training images look like, and how far from them an image is still a usual one.

    Attributes:
        images: square ones, row by row, a hexadecimal digit for each value: 0 is paper, f is ink.
        max_distance: Euclidean, from an image, averaged down to that size, to the nearest of these; 99 of 100 held-out
            images lie within.
        min_certainty: the probability of the class named, which 99 of 100 held-out images reach.
    """

    images: Annotated[tuple[Annotated[str, Field(pattern="^[0-9a-f]+$")], ...], Field(min_length=1)]
    max_distance: Annotated[float, Field(gt=0)]
    min_certainty: Annotated[float, Field(ge=0, le=1)]

    @model_validator(mode="after")
    def _check_shape(self) -> Self:
        lengths = {len(image) for image in self.images}
        if len(lengths) > 1 or isqrt(min(lengths)) ** 2 != min(lengths):
            raise ValueError(f"the images are to be square and of one size, but hold {sorted(lengths)} values")
        return self


class ModelCard(Strict):
    """What ``model.json`` says.

    Attributes:
        format: of this file; 1.
        name: what the model was trained on.
        classes: names, in the order of the model's outputs.
        input_name: of the model's input.
        input_shape: of one image, (C, H, W), float32 in [0, 1], ink is 1.
        output_name: of the model's logits, one for each class.
        preprocessing: how a picture becomes an input.
        training: seed, epochs and the like, for a reader.
        metrics: name -> value.
        usual: what images and answers are like, name -> (mean, standard deviation) over held-out images. "ink" is the
            mean value of an image, "certainty" the probability of the class that is named. Empty if nobody measured it.
        reference: for the service to doubt what is unlike the training data; None doubts nothing.
        versions: package -> version that trained and exported.
        sha256: of ``model.onnx``.
    """

    format: Literal[1] = 1
    name: str
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    input_name: str = "images"
    input_shape: tuple[Count, Count, Count]
    output_name: str = "logits"
    preprocessing: Preprocessing = Preprocessing()
    training: dict[str, str | int | float] = {}
    metrics: dict[str, float] = {}
    usual: dict[str, tuple[float, float]] = {}
    reference: ReferenceImages | None = None
    versions: dict[str, str] = {}
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def check_writable(folder: str | Path) -> None:
    """Notice before a training, and not after it, that nothing can be written to a folder; make it if it is missing.

    Raises:
        ModelFolderError: says why, and what to do.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ModelFolderError(
            f"no model can be written to {folder} ({error.strerror}); name a folder of yours with --model"
        ) from error


def write_folder(folder: str | Path, model: bytes, card: ModelCard) -> None:
    """Write both files, each whole or not at all; the card comes last, so a crash between them is noticed.

    Args:
        folder: made if it is missing; files there are replaced.
        model: an ONNX model, serialized.
        card: describes it.

    Raises:
        ValueError: the card's sha256 is not the model's.
    """
    if card.sha256 != digest(model):
        raise ValueError(f"the card's sha256 is {card.sha256[:12]}…, the model's is {digest(model)[:12]}…")
    folder = Path(folder)
    write_whole(folder / MODEL, model)
    write_whole(folder / CARD, (card.model_dump_json(indent=1) + "\n").encode())


def read_folder(folder: str | Path) -> tuple[bytes, ModelCard]:
    """Return the model and its card, checked against each other.

    Raises:
        ModelFolderError: says which file is missing or damaged, and what to do.
    """
    folder = Path(folder)
    missing = [name for name in (MODEL, CARD) if not (folder / name).is_file()]
    if missing:
        raise ModelFolderError(
            f"{folder} holds no {' and no '.join(missing)}. Train and export a model: "
            f"python -m apps.digits.train --model {folder}"
        )
    try:
        card = ModelCard.model_validate_json((folder / CARD).read_bytes())
    except ValidationError as error:
        raise ModelFolderError(f"{folder / CARD} is not a model card: {first_error(error)}") from error
    model = (folder / MODEL).read_bytes()
    if digest(model) != card.sha256:
        raise ModelFolderError(
            f"{folder / MODEL} does not match {CARD}: its SHA-256 is {digest(model)[:12]}…, {card.sha256[:12]}… was "
            "expected. It is damaged or of another training; export it again, or restore both files together"
        )
    return model, card


def first_error(error: ValidationError) -> str:
    """Return the first complaint of pydantic as one sentence: where, what was expected, what came."""
    detail = error.errors(include_url=False, include_context=False)[0]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).lstrip(".")
    return f"{where or 'the whole'}: {detail['msg']}"
