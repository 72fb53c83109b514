"""From a JSON body to an array, trusting nothing."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError

from apps.digits.model_folder import first_error
from apps.digits.service.refusals import RefusedError

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Row = Annotated[list[Number], FailFast()]  # one complaint is enough: a thousand would cost more than the request
Image = Annotated[list[Row], FailFast()]
_DEPTH = 8  # brackets within brackets; four are needed


class PredictRequest(BaseModel):
    """Images of one digit each."""

    model_config = ConfigDict(extra="forbid")
    images: Annotated[list[Image], FailFast()] = Field(
        description="N images of 28 rows of 28 values from 0 (paper) to 1 (ink)", min_length=1
    )


def parse_images(body: bytes, *, shape: tuple[int, int], max_images: int) -> NDArray[np.float32]:
    """Return the images of a JSON body ``{"images": [[[...], ...], ...]}`` as (N, H, W) float32 in [0, 1].

    Args:
        body: bounded in size already. How many values it holds, and how deep they lie, is counted before it is parsed.
        shape: of one image.
        max_images: in one request.

    Raises:
        RefusedError: 400, it is no JSON; 422, the values are not images.
    """
    _check_structure(body, most_values=max_images * shape[0] * shape[1])
    try:
        images = PredictRequest.model_validate_json(body).images
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            reason = first["msg"].removeprefix("Invalid JSON: ")[:200]
            raise RefusedError(400, "no_json", f"The body is not JSON: {reason}.") from error
        raise RefusedError(422, "invalid", _complaint(error)) from error
    if len(images) > max_images:
        raise RefusedError(422, "too_many", f"Expected at most {max_images} images in a request, got {len(images)}.")
    _check_lengths(images, shape)
    values = np.array(images, dtype=np.float64)
    if values.min() < 0 or values.max() > 1:
        worst = values.min() if values.min() < 0 else values.max()
        raise RefusedError(422, "out_of_range", f"Expected values from 0 (paper) to 1 (ink), got {worst:.6g}.")
    return values.astype(np.float32)


def _complaint(error: ValidationError) -> str:
    """Return what is wrong, without a word that the client chose."""
    if error.errors(include_url=False)[0]["type"] == "extra_forbidden":
        return "Expected nothing but `images` in the body."
    return first_error(error)[:200]


def _check_structure(body: bytes, *, most_values: int) -> None:
    """Count commas and brackets: parsed, a megabyte of `0,0,0,` takes fifty times its size."""
    if body.count(b",") > most_values + 16:
        raise RefusedError(422, "too_many", f"Expected at most {most_values} values in a request; send fewer images.")
    signs = np.frombuffer(body, dtype=np.uint8)
    opening = (signs == ord("[")) | (signs == ord("{"))
    closing = (signs == ord("]")) | (signs == ord("}"))
    depth = np.cumsum(opening.astype(np.int32) - closing.astype(np.int32))
    if len(depth) and depth.max() > _DEPTH:
        raise RefusedError(422, "too_deep", f"Expected four levels of brackets, got {depth.max()}.")


def _check_lengths(images: list[list[list[float]]], shape: tuple[int, int]) -> None:
    for index, image in enumerate(images):
        if len(image) != shape[0]:
            raise RefusedError(422, "wrong_shape", f"images[{index}]: expected {shape[0]} rows, got {len(image)}.")
        for number, row in enumerate(image):
            if len(row) != shape[1]:
                where = f"images[{index}][{number}]"
                raise RefusedError(422, "wrong_shape", f"{where}: expected {shape[1]} values, got {len(row)}.")
