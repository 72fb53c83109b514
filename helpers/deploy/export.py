"""From a PyTorch module to ONNX, and the check that both compute the same."""

import io

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from helpers.deploy.session import open_session


def to_onnx(model: nn.Module, example: Tensor) -> bytes:
    """Export a classifier of images for any batch size; return the ONNX file's content.

    The exporter's remarks are left out: they name the folders of this machine, and differ from one run to the next.
    So the same model gives the same file, and the same digest.

    The file calls its input "images" and its output "logits".

    Args:
        model: on the CPU; exported as it evaluates (dropout off, batch normalization with its stored statistics).
            Its mode is restored.
        example: inputs (B, ...) with B at least 2: one alone would be taken for a constant.

    Raises:
        ValueError: the example holds fewer than two inputs.
    """
    if len(example) < 2:
        raise ValueError(f"expected an example of at least 2 inputs, got shape {tuple(example.shape)}")
    was_training = model.training
    model.eval()
    try:
        program = torch.onnx.export(
            model,
            (example,),
            dynamo=True,
            verbose=False,
            input_names=["images"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
        )
    finally:
        model.train(was_training)
    assert program is not None  # with dynamo=True it never is; the signature says it may
    file = io.BytesIO()
    program.save(file)  # type: ignore[arg-type]
    return _without_remarks(file.getvalue())


def largest_difference(model: nn.Module, exported: bytes, inputs: Tensor) -> float:
    """Return the largest absolute difference between PyTorch's outputs and ONNX Runtime's.

    Args:
        model: on the CPU; evaluated, its mode is restored.
        exported: what ``to_onnx`` made of it.
        inputs: shape (N, ...), float32.
    """
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            expected = model(inputs).numpy()
    finally:
        model.train(was_training)
    session = open_session(exported)
    (outputs,) = session.run(None, {session.get_inputs()[0].name: inputs.numpy()})
    return float(np.abs(outputs - expected).max())


def _without_remarks(exported: bytes) -> bytes:
    """Remove where each operation came from, with its stack trace: nothing of it is needed to run the file."""
    model = onnx.load_from_string(exported)
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]
    content: bytes = model.SerializeToString(deterministic=True)
    return content
