"""Makes a run repeatable: seeds, deterministic algorithms, a fixed number of threads."""

import os
import random

import numpy as np
import torch
from threadpoolctl import threadpool_limits


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and PyTorch's global generators (every device).

    Args:
        seed: 0 to 2**32 - 1.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def make_deterministic() -> None:
    """Ask PyTorch for algorithms that give the same result in every run on the same machine.

    An operation that has none then warns and runs anyway. On a GPU this costs some speed.
    Source: https://docs.pytorch.org/docs/stable/notes/randomness.html
    """
    # cuBLAS reads this once, when the first handle is made: set it before any work on a GPU.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # By default PyTorch then also fills each new tensor with NaN before an operation writes into it: at convolutions
    # this took a fifth of the time. It changes no result, unless a program reads what nobody has written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # mypy sees no property
    torch.backends.cudnn.benchmark = False


def pin_threads(threads: int) -> None:
    """Fix the number of CPU threads of PyTorch, and of the BLAS and OpenMP libraries that are loaded.

    Sums are split among threads, so another number of threads gives another rounding.

    Args:
        threads: 1 or more.
    """
    torch.set_num_threads(threads)
    threadpool_limits(limits=threads)
