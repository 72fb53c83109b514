"""Writes the cheat sheet of shapes. Each row is a line of code that runs while the book is built: no shape is typed."""

import re

import torch
from torch import nn
from torch.nn import functional as F

from book.pages.tables import table

INTRODUCTION = """# Shapes at a glance

What goes in, and what comes out. The build runs each line of this page on tensors of these sizes, and writes down what
it saw: a batch of *B* = 2 examples, *C* = 3 channels, *D* = 5 features, *K* = 4 classes, *L* = 7 tokens, images of
*H* × *W* = 16 × 12, volumes of *D* × *H* × *W* = 8 × 16 × 12.
"""
RULES = """## Rules

**Convolution and pooling**, along each axis:
out $= \\left\\lfloor \\dfrac{n + 2\\,\\text{padding} - \\text{dilation}\\,(\\text{kernel} - 1) - 1}
{\\text{stride}} \\right\\rfloor + 1$. A kernel of 3 with padding 1 and stride 1 keeps the size; stride 2 halves it.

**Transposed convolution**: out $= (n - 1)\\,\\text{stride} - 2\\,\\text{padding} +
\\text{dilation}\\,(\\text{kernel} - 1) + \\text{output padding} + 1$. Kernel 2 with stride 2 doubles the size.

**Broadcasting**: align the shapes on the right. Two axes fit if they are equal or one of them is 1; a missing axis
counts as 1. So (B, 1) with (B,) gives (B, B): check shapes before a loss.
"""
INPUTS = {
    "x": torch.zeros(2, 5),
    "images": torch.zeros(2, 3, 16, 12),
    "volumes": torch.zeros(2, 3, 8, 16, 12),
    "tokens": torch.zeros(2, 7, dtype=torch.int64),
    "sequence": torch.zeros(2, 7, 5),
    "logits": torch.zeros(2, 4),
    "labels": torch.zeros(2, dtype=torch.int64),
    "maps": torch.zeros(2, 4, 16, 12),
    "mask": torch.zeros(2, 16, 12, dtype=torch.int64),
}
SHEETS = {
    "Layers": [
        "nn.Linear(5, 4)(x)",
        "nn.Conv2d(3, 8, kernel_size=3, padding=1)(images)",
        "nn.Conv2d(3, 8, kernel_size=3)(images)",
        "nn.Conv2d(3, 8, kernel_size=3, stride=2, padding=1)(images)",
        "nn.MaxPool2d(2)(images)",
        "nn.AdaptiveAvgPool2d(1)(images)",
        "nn.ConvTranspose2d(3, 8, kernel_size=2, stride=2)(images)",
        "nn.Upsample(scale_factor=2)(images)",
        "nn.Flatten()(images)",
        "nn.BatchNorm2d(3)(images)",
        "nn.Conv3d(3, 8, kernel_size=3, padding=1)(volumes)",
        "nn.MaxPool3d(2)(volumes)",
        "nn.Embedding(100, 5)(tokens)",
        "nn.LSTM(5, 6, batch_first=True)(sequence)[0]",
        "nn.LSTM(5, 6, batch_first=True)(sequence)[1][0]",
        "nn.LSTM(5, 6, batch_first=True, bidirectional=True)(sequence)[0]",
        "nn.GRU(5, 6, batch_first=True)(sequence)[1]",
    ],
    "Parameters": [
        "nn.Linear(5, 4).weight",
        "nn.Linear(5, 4).bias",
        "nn.Conv2d(3, 8, kernel_size=3).weight",
        "nn.ConvTranspose2d(3, 8, kernel_size=2).weight",
        "nn.Embedding(100, 5).weight",
        "nn.LSTM(5, 6).weight_ih_l0",
    ],
    "Losses": [
        "F.cross_entropy(logits, labels)",
        "F.cross_entropy(logits, labels, reduction='none')",
        "F.cross_entropy(maps, mask)",
        "F.cross_entropy(maps, mask, reduction='none')",
        "F.binary_cross_entropy_with_logits(logits[:, 0], labels.float())",
        "F.mse_loss(x, x)",
        "F.one_hot(labels, 4)",
    ],
    "Operations": [
        "x @ x.T",
        "x.sum(dim=0)",
        "x.sum(dim=1, keepdim=True)",
        "x - x.mean(dim=1, keepdim=True)",
        "logits.argmax(dim=1)",
        "logits.softmax(dim=1)",
        "torch.cat([images, images], dim=1)",
        "torch.stack([x, x])",
        "images.flatten(start_dim=1)",
        "images.permute(0, 2, 3, 1).reshape(-1, 3)",
        "images[:, 0]",
        "images[:, :1]",
        "x[:, None, :] - x[None, :, :]",
        "labels[:, None] == labels",
        "torch.einsum('bd,kd->bk', x, x)",
        "F.pad(images, (1, 1, 2, 2))",
        "images.flip(dims=[3])",
        "images[labels]",
        "F.interpolate(images, scale_factor=2)",
        "F.grid_sample(images, torch.zeros(2, 8, 6, 2), align_corners=False)",
    ],
}


def page() -> str:
    """Return the whole page as Markdown."""
    parts = [INTRODUCTION]
    for title, lines in SHEETS.items():
        if any(map(goes_in, lines)):
            rows = [[f"`{line}`", goes_in(line), shape(run(line))] for line in lines]
            parts += [f"## {title}\n", table(["code", "goes in", "comes out"], rows)]
        else:
            parts += [f"## {title}\n", table(["code", "shape"], [[f"`{line}`", shape(run(line))] for line in lines])]
    return "\n".join([*parts, RULES])


def run(line: str) -> torch.Tensor:
    """Return what a line of the sheet gives."""
    return eval(line, {"nn": nn, "F": F, "torch": torch, **INPUTS})


def goes_in(line: str) -> str:
    """Return the shapes of the tensors that a line names."""
    found = [f"{name} {shape(tensor)}" for name, tensor in INPUTS.items() if name in words(line)]
    return ", ".join(found)


def words(line: str) -> set[str]:
    """Return the names in a line of code."""
    return set(re.findall(r"\w+", line))


def shape(tensor: torch.Tensor) -> str:
    """Return a shape as the course writes it."""
    return f"({', '.join(map(str, tensor.shape))}{',' * (tensor.ndim == 1)})"
