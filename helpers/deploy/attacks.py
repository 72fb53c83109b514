"""Adversarial examples (robustness chapter): small changes of an image that raise a classifier's loss.

Both attacks know the model and bound the change of every pixel by epsilon. They are a measure, not a weapon: a model
that is to be trusted is tried with them by its own makers first.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def input_gradient(model: nn.Module, images: Tensor, *, labels: Tensor) -> Tensor:
    """Return the gradient of the cross-entropy with respect to every pixel, of the images' shape.

    The losses are added up, so that an image's gradient does not depend on its batch. They are computed in float64: in
    float32 the probability of a very sure answer rounds to one, and with it part of the gradient to zero.

    Args:
        model: returns logits (B, K), and treats each image by itself; its mode is left as it is.
        images: (B, C, H, W) float, on the model's device.
        labels: (B,) int64.
    """
    images = images.detach().clone().requires_grad_()
    logits = model(images).double()
    loss = F.cross_entropy(logits, labels, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, images)
    return gradient


def fgsm(model: nn.Module, images: Tensor, *, labels: Tensor, epsilon: float) -> Tensor:
    """Return images moved by epsilon in every pixel, to the side where the loss rises.

    Args:
        model: as for ``input_gradient``.
        images: (B, C, H, W) in [0, 1].
        labels: (B,) int64, the true ones.
        epsilon: the largest change of a pixel, 0 or more.

    Returns:
        The same shape, in [0, 1], outside the graph.

    Source: Goodfellow, Shlens and Szegedy, 2015, "Explaining and harnessing adversarial examples", arXiv:1412.6572.
    """
    step = epsilon * input_gradient(model, images, labels=labels).sign()
    return (images + step).clamp(0, 1)


def pgd(
    model: nn.Module,
    images: Tensor,
    *,
    labels: Tensor,
    epsilon: float,
    generator: torch.Generator,
    steps: int = 10,
    reach: float = 2.5,
) -> Tensor:
    """Return images after several small steps uphill from a random start, none of them further than epsilon away.

    Args:
        model: as for ``input_gradient``.
        images: (B, C, H, W) in [0, 1].
        labels: (B,) int64, the true ones.
        epsilon: the largest change of a pixel, 0 or more.
        generator: draws the start; on the CPU.
        steps: 1 or more.
        reach: how far all steps together could go, in epsilons.

    Returns:
        The same shape, in [0, 1], outside the graph.

    Source: Madry et al., 2018, "Towards deep learning models resistant to adversarial attacks", arXiv:1706.06083.
    """
    noise = 2 * torch.rand(images.shape, generator=generator) - 1  # from -1 to 1
    moved = (images + epsilon * noise.to(images.device)).clamp(0, 1)
    step_size = reach * epsilon / steps
    for _ in range(steps):
        uphill = input_gradient(model, moved, labels=labels).sign()
        moved = moved + step_size * uphill
        moved = moved.clamp(images - epsilon, images + epsilon)  # the projection
        moved = moved.clamp(0, 1)  # a picture stays a picture
    return moved
