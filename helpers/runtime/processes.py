"""The processes that train one model together, if there are several: which one this is, and what is its share.

PyTorch starts them (``torchrun``) and joins them into a group (``torch.distributed.init_process_group``). Outside a
group there is one process, its rank is 0, and its share is everything.
"""

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


def world_size() -> int:
    """Return how many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the number of this process among them, from 0."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def share(rows: Tensor) -> Tensor:
    """Return this process's part of the rows: parts differ by one row at most, and rank 0 has the first.

    Args:
        rows: shape (N, ...), the same in every process.
    """
    return rows.tensor_split(world_size())[rank()]


def gather(rows: Tensor) -> Tensor:
    """Return the rows of all processes, those of rank 0 first; every process must call it.

    Args:
        rows: shape (N, ...) on the CPU; N may differ between processes.
    """
    if world_size() == 1:
        return rows
    parts: list[Tensor] = [rows] * world_size()
    dist.all_gather_object(parts, rows)
    return torch.cat(parts)


def weight_of(size: int, loss: Tensor) -> Tensor:
    """Return what a mean over this process's examples weighs in the mean of the processes' means; all must call it.

    Gradients are averaged over processes as if each had equally many examples. Times this weight, a loss gives the
    gradient of the mean over all examples.

    Args:
        size: how many examples this process has.
        loss: says on which device and in which format to compute.
    """
    sizes = torch.tensor(size, dtype=loss.dtype, device=loss.device)
    dist.all_reduce(sizes)
    return size * world_size() / sizes


def same_buffers(model: nn.Module) -> None:
    """Give every process the buffers of rank 0, such as the averages of batch normalization; all must call it."""
    if world_size() > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, src=0)


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the model inside ``DistributedDataParallel``, which computes without the other processes; or itself."""
    return model.module if isinstance(model, DistributedDataParallel) else model
