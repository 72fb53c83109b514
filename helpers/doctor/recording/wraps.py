"""What stands in for torch's functions while a recorder listens: each calls the original, and notes what it did."""

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer
from torch.utils.data.distributed import DistributedSampler

from helpers.doctor.recording.events import Clip, Load, SamplerPass, ScheduleStep, Unscale
from helpers.doctor.recording.ledger import norm
from helpers.doctor.recording.patches import family

if TYPE_CHECKING:
    from helpers.doctor.recording.recorder import Recorder

Function = Callable[..., Any]


def install(recorder: "Recorder") -> None:
    """Listen to clipping, loss scaling, loading and samplers."""
    for each in (install_clipping, install_scaler, install_loading, install_samplers):
        each(recorder)


def install_clipping(recorder: "Recorder") -> None:
    """Listen to clip_grad_norm_ and clip_grad_value_ under every name by which a module has imported them."""
    for name, kind in (("clip_grad_norm_", "norm"), ("clip_grad_value_", "value")):
        original = getattr(torch.nn.utils, name)
        listening = clipping(recorder, kind, original)
        loaded = [module for module in list(sys.modules.values()) if isinstance(module, ModuleType)]
        for module in [module for module in loaded if vars(module).get(name) is original]:
            recorder.patches.replace(module, name, functools.partial(_always, listening))


def _always(stand_in: Function, _original: Function) -> Function:
    return stand_in


def clipping(recorder: "Recorder", kind: str, original: Function) -> Function:
    """Note the norm before and after, and the loss scale that the gradients carried."""

    @functools.wraps(original)
    def clip(parameters: Any, limit: float, *args: Any, **kwargs: Any) -> Any:
        parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
        if recorder.full:
            return original(parameters, limit, *args, **kwargs)
        slots = recorder.ledger.of(parameters)
        before = norm(slot.gradient() for slot in slots)
        result = original(parameters, limit, *args, **kwargs)
        after = norm(slot.gradient() for slot in slots)
        scale = max((slot.scale for slot in slots if slot.passes), default=1.0)
        recorder.seen.clips.append(Clip(recorder.tick(), kind, float(limit), scale, before, after))
        return result

    return clip


def install_scaler(recorder: "Recorder") -> None:
    """Listen to scale, unscale_ and step of every GradScaler."""
    for name, stand_in in (("scale", scaling), ("unscale_", unscaling), ("step", scaler_step)):
        for kind in family(GradScaler, name):
            recorder.patches.replace(kind, name, functools.partial(stand_in, recorder))


def scaling(recorder: "Recorder", original: Function) -> Function:
    """Remember the scale for the backward pass that follows."""

    @functools.wraps(original)
    def scale(self: GradScaler, outputs: Any) -> Any:
        result = original(self, outputs)
        if self.is_enabled():
            recorder.scale = float(self.get_scale())
        return result

    return scale


def unscaling(recorder: "Recorder", original: Function) -> Function:
    """Note the norm found beside the norm that the backward passes had left."""

    @functools.wraps(original)
    def unscale(self: GradScaler, optimizer: Optimizer) -> Any:
        if recorder.full or not self.is_enabled():
            return original(self, optimizer)
        slots = recorder.slots_of(optimizer)
        found, scale = norm(slot.gradient() for slot in slots), float(self.get_scale())
        fresh = [slot for slot in slots if not any(slot.passes.values())]
        expected = norm(slot.kept for slot in fresh) * max((slot.scale for slot in fresh), default=1.0)
        whole = norm(slot.gradient() for slot in fresh)
        result = original(self, optimizer)
        recorder.seen.unscales.append(Unscale(recorder.tick(), scale, whole if fresh else found, expected))
        for slot in slots:
            slot.scale = slot.scale / scale
        return result

    return unscale


def scaler_step(recorder: "Recorder", original: Function) -> Function:
    """A step that the scaler leaves out, since a gradient overflowed, has used its gradients all the same."""

    @functools.wraps(original)
    def step(self: GradScaler, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        before = len(recorder.seen.steps)
        result = original(self, optimizer, *args, **kwargs)
        if len(recorder.seen.steps) == before and not recorder.full:
            for slot in recorder.slots_of(optimizer):
                slot.use()
        return result

    return step


def schedule(recorder: "Recorder", original: Function) -> Function:
    """Note the rates before and after a scheduler's step, and the metric it was given."""

    @functools.wraps(original)
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = _rates(self)
        recorder.depth += 1
        try:
            result = original(self, *args, **kwargs)
        finally:
            recorder.depth -= 1
        if not recorder.depth and not getattr(self, "_is_initial", False):
            metric = args[0] if args else kwargs.get("metrics")
            number = float(metric) if isinstance(metric, (int, float, Tensor)) else None
            recorder.seen.schedule.append(ScheduleStep(recorder.tick(), self, number, before, _rates(self)))
        return result

    return step


def _rates(scheduler: Any) -> tuple[float, ...]:
    groups = getattr(getattr(scheduler, "optimizer", None), "param_groups", [])
    return tuple(float(group["lr"]) for group in groups)


def install_loading(recorder: "Recorder") -> None:
    """Listen to load_state_dict of every module."""
    recorder.patches.replace(nn.Module, "load_state_dict", functools.partial(loading, recorder))


def loading(recorder: "Recorder", original: Function) -> Function:
    """Note how many tensors were matched, and whether a module was given its own storage."""

    @functools.wraps(original)
    def load(self: nn.Module, state: Any, *args: Any, **kwargs: Any) -> Any:
        mine = self.state_dict()
        common = [key for key in mine if key in state and isinstance(state[key], Tensor)]
        own = bool(common) and all(mine[key].data_ptr() == state[key].data_ptr() for key in common)
        theirs = {} if recorder.target is None else recorder.target.state_dict()
        shared = [key for key in common if key in theirs and state[key].data_ptr() == theirs[key].data_ptr()]
        from_target = bool(common) and len(shared) == len(common)
        recorder.seen.loads.append(Load(recorder.tick(), self, own, from_target, len(common), len(mine)))
        return original(self, state, *args, **kwargs)

    return load


def install_samplers(recorder: "Recorder") -> None:
    """Listen to every pass over a shuffling DistributedSampler."""
    recorder.patches.replace(DistributedSampler, "__iter__", functools.partial(sampling, recorder))


def sampling(recorder: "Recorder", original: Function) -> Function:
    """Note the epoch that a shuffling sampler stands at when a pass begins."""

    @functools.wraps(original)
    def begin(self: Any) -> Any:
        if self.shuffle:
            recorder.seen.passes.append(SamplerPass(recorder.tick(), id(self), int(self.epoch)))
        return original(self)

    return begin
