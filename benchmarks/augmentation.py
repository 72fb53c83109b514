"""How fast are random crops and flips? ``crop_and_flip`` on a whole batch beside torchvision's transforms.

torchvision's way is one image after the other, as its DataLoader examples do it, on tensors or on PIL images. Before
anything is timed, every arm must produce exactly the crops and mirror images that the definition allows, all of them
and no other, for one image and many draws. Arms take turns; a ratio is the median over the turns of an arm's time
divided by that of the batched one in that turn. One thread, no workers: workers would divide their time by the number
of processor cores they occupy.

Run with ``python benchmarks/augmentation.py``, in about a minute.
"""

import statistics
import time
from collections.abc import Callable

import torch
import torchvision
from report import write_report
from torch import Tensor
from torch.nn import functional as F
from torchvision import transforms
from torchvision.transforms import functional as TF
from torchvision.transforms import v2

from helpers import data
from helpers.data.transforms import crop_and_flip

PADDING, TURNS, BATCH = 4, 9, 128
Arm = Callable[[Tensor], Tensor]
OURS = "crop_and_flip, a batch at once"


def make_arms() -> dict[str, Arm]:
    draw = torch.Generator().manual_seed(0)
    crop = {"padding": PADDING, "padding_mode": "reflect"}
    first = transforms.Compose([transforms.RandomCrop(32, **crop), transforms.RandomHorizontalFlip()])
    second = v2.Compose([v2.RandomCrop(32, **crop), v2.RandomHorizontalFlip()])
    on_pil = transforms.Compose([first, transforms.ToTensor()])
    return {
        OURS: lambda images: crop_and_flip(images, PADDING, generator=draw),
        "torchvision transforms, image by image": lambda images: torch.stack([first(image) for image in images]),
        "torchvision v2, image by image": lambda images: torch.stack([second(image) for image in images]),
        "torchvision on PIL images": lambda images: torch.stack([on_pil(image) for image in pil(images)]),
    }


PIL_IMAGES: dict[int, list] = {}


def pil(images: Tensor) -> list:
    """The batch as PIL images, made once: a data set on the disk would have them already."""
    key = images.data_ptr()
    if key not in PIL_IMAGES:
        PIL_IMAGES[key] = [TF.to_pil_image(image) for image in images]
    return PIL_IMAGES[key]


def outcomes(arm: Arm, image: Tensor) -> set[bytes]:
    batch = image[None].repeat(4000, 1, 1, 1)
    return {result.mul(255).round().byte().numpy().tobytes() for result in arm(batch)}


def allowed(image: Tensor) -> set[bytes]:
    padded = F.pad(image[None], [PADDING] * 4, mode="reflect")[0]
    steps = range(2 * PADDING + 1)
    crops = [padded[:, i : i + 32, j : j + 32] for i in steps for j in steps]
    crops += [crop.flip(2) for crop in crops]
    return {crop.mul(255).round().byte().numpy().tobytes() for crop in crops}


def seconds(arm: Arm, batches: tuple[Tensor, ...]) -> float:
    began = time.perf_counter()
    for batch in batches:
        arm(batch)
    return time.perf_counter() - began


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images = data.load("photo-patches", seed=0).train.inputs[: 8 * BATCH]
    arms = make_arms()
    for name, arm in arms.items():
        assert outcomes(arm, images[0]) == allowed(images[0]), f"{name} draws from other crops"
    batches = torch.split(images, BATCH)
    for arm in arms.values():
        seconds(arm, batches)  # warm up
    turns = [{name: seconds(arm, batches) for name, arm in arms.items()} for _ in range(TURNS)]
    rows: list[list[str | float]] = []
    for name in arms:
        per_image = statistics.median(turn[name] for turn in turns) / len(images)
        ratio = statistics.median(turn[name] / turn[OURS] for turn in turns)
        rows.append([name, per_image * 1e6, ratio])
    columns = ["augmentation, batches of 128 color images 32x32", "microseconds an image", "times crop_and_flip"]
    write_report("augmentation", "Random crops and flips", columns, rows, peers=(torch, torchvision))


if __name__ == "__main__":
    main()
