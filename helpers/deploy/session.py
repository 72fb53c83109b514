"""ONNX Runtime with a bounded number of threads. Imports no torch."""

import onnxruntime  # type: ignore[import-untyped]


def open_session(model: bytes, *, threads: int = 1) -> onnxruntime.InferenceSession:
    """Return a session that runs an ONNX model on the CPU.

    Args:
        model: serialized.
        threads: that one run may use, 1 or more. More help large batches alone; without this bound ONNX Runtime
            takes every core.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads must not burn a core
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
