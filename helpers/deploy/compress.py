"""From float32 to 8-bit integers, with ONNX Runtime's quantizer. Imports no torch.

Weights become int8, symmetric around 0. Activations become integers on a grid that is found either anew for each input
(dynamic) or once, from examples (static).
Source: Jacob et al., 2018, "Quantization and training of neural networks for efficient integer-arithmetic-only
inference", arXiv:1712.05877.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (  # type: ignore[import-untyped]
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process  # type: ignore[import-untyped]


def prepare(model: bytes) -> bytes:
    """Let ONNX Runtime simplify the graph and infer all shapes afresh.

    Without this step the quantizer stops at a file that `torch.onnx.export` wrote: such a file states the shape of
    each weight once more, the quantizer transposes the weights of linear layers, and then both no longer agree.

    Args:
        model: the ONNX file's content, float32.
    """
    parsed = onnx.load_from_string(model)
    del parsed.graph.value_info[:]
    with _files(parsed.SerializeToString()) as (read, written):
        quant_pre_process(read, written, skip_symbolic_shape=True)
        return written.read_bytes()


def to_int8_dynamic(model: bytes, *, layers: Sequence[str] | None = None) -> bytes:
    """Store weights as int8; the grid of the activations is found at each run. Needs no examples.

    Of the 8 bits that a weight takes 7 are used, for the reason that ``to_int8_static`` gives.

    Args:
        model: the ONNX file's content, float32.
        layers: kinds of ONNX nodes to quantize, such as ``["MatMul", "Gemm"]`` for linear layers alone; ``None``
            takes every kind that ONNX Runtime can, convolutions among them.

    Returns:
        The content of the smaller file: same input, same output.
    """
    with _files(prepare(model)) as (read, written):
        quantize_dynamic(read, written, op_types_to_quantize=layers, weight_type=QuantType.QInt8, reduce_range=True)
        return written.read_bytes()


def to_int8_static(model: bytes, examples: NDArray[np.float32], *, bits: int = 7) -> bytes:
    """Store weights as int8 and fix the grid of every activation beforehand, from examples.

    The grid of an activation spans the smallest and the largest value that any example gave it (uint8). Each output
    channel of a weight has a scale of its own.

    x86 processors with AVX2 but without VNNI add two products of uint8 and int8 in 16 bits, which may overflow and then
    saturates in silence. Weights of 7 bits cannot overflow; those of 8 bits are for processors that cannot either.

    Args:
        model: the ONNX file's content, float32, with one input.
        examples: inputs (N, ...) such as the model will meet, N at least 1; take them from the training data.
        bits: 7 or 8 of the 8 bits that a weight takes are used.

    Returns:
        The content of the smaller file: same input, same output, integers between.

    Raises:
        ValueError: there are no examples, or the bits are neither 7 nor 8.
    """
    if bits not in (7, 8):
        raise ValueError(f"expected weights of 7 or 8 bits, got {bits}")
    if len(examples) == 0:
        raise ValueError("expected at least 1 example to find the range of the activations, got none")
    prepared = prepare(model)
    reader = _Reader(onnx.load_from_string(prepared).graph.input[0].name, examples)
    options = {"quant_format": QuantFormat.QDQ, "per_channel": True, "reduce_range": bits == 7}
    options |= {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
    with _files(prepared) as (read, written):
        quantize_static(read, written, reader, **options)
        return written.read_bytes()


def weights(model: bytes) -> dict[str, NDArray[np.generic]]:
    """Return the tensors that a file stores, name -> values; ONNX Runtime appends ``_quantized`` and ``_scale``.

    Args:
        model: the ONNX file's content.
    """
    tensors = onnx.load_from_string(model).graph.initializer
    return {tensor.name: onnx.numpy_helper.to_array(tensor).copy() for tensor in tensors}


@contextmanager
def _files(model: bytes) -> Iterator[tuple[Path, Path]]:
    """Yield a file that holds the model, and a place for what becomes of it; the quantizer works on files."""
    with tempfile.TemporaryDirectory() as folder:
        read, written = Path(folder, "in.onnx"), Path(folder, "out.onnx")
        read.write_bytes(model)
        yield read, written


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hands the examples to the quantizer, in batches."""

    def __init__(self, name: str, examples: NDArray[np.float32]) -> None:
        parts = np.array_split(examples, -(-len(examples) // 64))
        self._batches = iter([{name: part} for part in parts])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next batch, or None after the last."""
        return next(self._batches, None)
