"""A model computes the same on every device, within what its number format allows, and as in double precision.

The GPU's rows run where there is one; elsewhere the summary says that they were skipped.
"""

import copy

import pytest
import torch
from torch.nn import functional as F

from helpers import models
from helpers.runtime import Precision

# Largest error of logits and gradients, relative to the largest entry. A GPU multiplies float32 with 10 bits of
# fraction (TF32), bfloat16 has 7; the errors of some layers add up.
TOLERANCES = {"cpu": 1e-4, "cuda": 1e-2, "bfloat16": 8e-2, "float64": 1e-8}
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA GPU")
DEVICES = ["cpu", pytest.param("cuda", marks=GPU)]


def images(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def sentences():
    tokens = torch.randint(1, 50, (8, 12), generator=torch.Generator().manual_seed(1))
    tokens[:4, 7:] = 0
    return tokens


def texts():
    return torch.randint(50, (8, 12), generator=torch.Generator().manual_seed(1))


# The places of a GPT's or a Block's result stand in for classes: any loss that reaches all weights will do.
CASES = {
    "MLP": (lambda: models.MLP(64, (32,), 10), lambda: images(8, 64)),
    "ConvNet": (models.ConvNet, lambda: images(8, 1, 28, 28)),
    "ResNet": (models.ResNet, lambda: images(8, 3, 32, 32)),
    "BagOfEmbeddings": (lambda: models.BagOfEmbeddings(50, 16, 4), sentences),
    "LSTMClassifier": (lambda: models.LSTMClassifier(50, 16, 16, 4), sentences),
    "AttentionLSTM": (lambda: models.AttentionLSTM(50, 16, 16, 4), sentences),
    "Block": (lambda: models.Block(16, 2), lambda: images(8, 12, 16)),
    "GPT": (lambda: models.GPT(50, 16, 2, 2), texts),
    "UNet": (lambda: models.UNet(4, 4, widths=(8, 16)), lambda: images(2, 4, 9, 10, 11)),
}


def logits_and_gradients(model, inputs, precision):
    """One step's logits and all its gradients, in one flat vector each, on the CPU in double precision."""
    device = precision.device_type
    model = copy.deepcopy(model).to(device)
    with precision.autocast():
        logits = model(inputs.to(device))
    labels = torch.zeros(logits.shape[0], *logits.shape[2:], dtype=torch.int64, device=device)
    F.cross_entropy(logits.float() if precision.name == "bfloat16" else logits, labels).backward()
    gradients = torch.cat([p.grad.flatten() for p in model.parameters()])
    return logits.detach().double().cpu(), gradients.double().cpu()


@pytest.fixture(params=CASES)
def case(request):
    build, make_inputs = CASES[request.param]
    torch.manual_seed(0)
    model, inputs = build(), make_inputs()
    exact = inputs.double() if inputs.is_floating_point() else inputs
    return model, inputs, logits_and_gradients(copy.deepcopy(model).double(), exact, Precision())


def relative_errors(found, expected):
    return [((a - b).abs().max() / b.abs().max()).item() for a, b in zip(found, expected, strict=True)]


@pytest.mark.parametrize("device", [pytest.param("cuda", marks=GPU)])
def test_double_precision_agrees_to_rounding(case, device):
    """Closer than float32 can show: an error that TF32 would hide."""
    model, inputs, exact = case
    inputs = inputs.double() if inputs.is_floating_point() else inputs
    errors = relative_errors(logits_and_gradients(copy.deepcopy(model).double(), inputs, Precision(device)), exact)
    assert max(errors) < TOLERANCES["float64"]


@pytest.mark.parametrize("device", DEVICES)
def test_float32_agrees_with_double_precision(case, device):
    model, inputs, exact = case
    errors = relative_errors(logits_and_gradients(model, inputs, Precision(device)), exact)
    assert max(errors) < TOLERANCES[device]


@pytest.mark.parametrize("device", DEVICES)
def test_bfloat16_logits_agree_roughly(case, device):
    model, inputs, exact = case
    logits, _ = logits_and_gradients(model, inputs, Precision(device, torch.bfloat16))
    assert relative_errors([logits], exact[:1])[0] < TOLERANCES["bfloat16"]
