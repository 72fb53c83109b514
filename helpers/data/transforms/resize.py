"""Another size for the images of a whole data set."""

from torch.nn import functional as F

from helpers.data.splits import Splits


def resize(splits: Splits, size: int) -> Splits:
    """The images of `splits` at size x size pixels, by bilinear interpolation; values keep their range.

    Raises:
        ValueError: if the inputs are not images (N, C, H, W), or size is below 1.
    """
    shape = tuple(splits.train.inputs.shape)
    if len(shape) != 4:
        raise ValueError(
            f"size is for images (N, C, H, W), but the inputs of {splits.name!r} have shape {shape}. "
            "Leave size out for this data set."
        )
    if size < 1:
        raise ValueError(f"size must be at least 1 pixel, but is {size}.")
    if shape[2:] == (size, size):
        return splits
    return splits.map(lambda images: F.interpolate(images, (size, size), mode="bilinear", antialias=True))
