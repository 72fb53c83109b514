"""The int8 files hold the integers that arithmetic by hand and PyTorch find, and compute nearly the same."""

import numpy as np
import onnx
import pytest
import torch

from helpers import models
from helpers.deploy import compress
from helpers.deploy.export import to_onnx
from helpers.deploy.session import open_session


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return models.ConvNet().eval()


@pytest.fixture(scope="module")
def exported(model):
    return to_onnx(model, torch.rand(2, 1, 28, 28))


@pytest.fixture(scope="module")
def examples():
    return torch.rand(70, 1, 28, 28, generator=torch.Generator().manual_seed(1)).numpy()


def logits(file, examples):
    (outputs,) = open_session(file).run(None, {"images": examples})
    return outputs


def kinds(file):
    return {node.op_type for node in onnx.load_from_string(file).graph.node}


@pytest.mark.parametrize(
    "quantized",
    [
        lambda file, examples: compress.to_int8_static(file, examples),
        lambda file, examples: compress.to_int8_static(file, examples, bits=8),
        lambda file, _: compress.to_int8_dynamic(file),
        lambda file, _: compress.to_int8_dynamic(file, layers=["MatMul", "Gemm"]),
    ],
    ids=["static", "static, 8 bits", "dynamic", "dynamic, linear"],
)
def test_smaller_and_nearly_the_same(exported, examples, quantized):
    file = quantized(exported, examples)
    onnx.checker.check_model(onnx.load_from_string(file))
    assert len(file) * 3 < len(exported)
    expected = logits(exported, examples)
    assert np.abs(logits(file, examples) - expected).max() < 0.2 * np.abs(expected).max()
    assert logits(file, examples[:1]).shape == (1, 10)  # the batch size is still free


@pytest.mark.parametrize(("bits", "top"), [(7, 64), (8, 127)])
def test_static_weights_are_those_of_torch(model, exported, examples, bits, top):
    stored = compress.weights(compress.to_int8_static(exported, examples, bits=bits))
    for name in ("features.0", "features.3", "head.0"):
        weight = model.get_submodule(name).weight.detach()
        scale = weight.abs().flatten(1).amax(dim=1) / top
        assert np.allclose(stored[f"{name}.weight_scale"], scale)
        zeros = torch.zeros(len(scale), dtype=torch.int32)
        expected = torch.fake_quantize_per_channel_affine(weight, scale, zeros, 0, -top, top)
        shape = (-1, *[1] * (weight.ndim - 1))
        steps = torch.from_numpy(stored[f"{name}.weight_quantized"]) - expected / scale.view(shape)
        assert steps.abs().max() < 1.001  # a weight halfway between two integers may go either way
        assert (steps.abs() < 0.01).float().mean() > 0.999


def test_activations_reach_as_far_as_the_examples(model, exported, examples):
    stored = compress.weights(compress.to_int8_static(exported, examples))
    with torch.inference_mode():
        top = model.features[:2](torch.from_numpy(examples)).max().item()
    assert stored["relu_scale"] == pytest.approx(top / 255, rel=1e-4)  # the last batch counts, too
    assert stored["relu_zero_point"] == 0


def test_dynamic_takes_the_layers_it_is_told(exported):
    assert "ConvInteger" in kinds(compress.to_int8_dynamic(exported))
    alone = kinds(compress.to_int8_dynamic(exported, layers=["MatMul", "Gemm"]))
    assert "MatMulInteger" in alone
    assert "Conv" in alone
    assert "ConvInteger" not in alone


def test_the_remarks_that_stop_the_quantizer_are_gone(exported, examples):
    parsed = onnx.load_from_string(exported)
    weights = {tensor.name for tensor in parsed.graph.initializer}
    assert weights & {remark.name for remark in parsed.graph.value_info}  # else prepare would not be needed
    prepared = compress.prepare(exported)
    assert not weights & {remark.name for remark in onnx.load_from_string(prepared).graph.value_info}
    assert np.abs(logits(prepared, examples) - logits(exported, examples)).max() < 1e-5


def test_no_examples_are_refused(exported, examples):
    with pytest.raises(ValueError, match="at least 1 example"):
        compress.to_int8_static(exported, examples[:0])


@pytest.mark.parametrize("bits", [4, 9])
def test_other_bits_are_refused(exported, examples, bits):
    with pytest.raises(ValueError, match=f"7 or 8 bits, got {bits}"):
        compress.to_int8_static(exported, examples, bits=bits)


def test_dynamic_weights_keep_to_seven_bits(exported):
    """Beyond 64, two products of uint8 and int8 may overflow the 16 bits in which some processors add them."""
    stored = compress.weights(compress.to_int8_dynamic(exported))
    largest = max(np.abs(w.astype(int)).max() for name, w in stored.items() if name.endswith("_quantized"))
    assert largest <= 64
