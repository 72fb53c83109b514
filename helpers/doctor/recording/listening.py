"""Forward calls: which module ran, in which mode, on which data. Heard through hooks that hold for all modules."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from helpers.doctor.probing.trees import tensors
from helpers.doctor.recording.events import Forward
from helpers.doctor.recording.norms import Norms
from helpers.doctor.recording.patches import Patches

if TYPE_CHECKING:
    from helpers.doctor.recording.recorder import Recorder

OTHER = "?"  # the name of a module that is no part of the model


class Listener:
    """Hears every call of a module; notes those that no other module has made."""

    def __init__(self, recorder: "Recorder") -> None:
        self.recorder = recorder
        self.names = {id(module): name for name, module in recorder.seen.model.named_modules()}
        self.norms = Norms(recorder.seen.model)
        self.running: list[nn.Module] = []
        self.fresh: list[Forward] = []  # since the last backward pass
        self._named: dict[str, Any] = {}  # the keyword arguments of the model's running call
        self._asleep: dict[str, float] = {}

    def install(self, patches: Patches) -> None:
        """Set the hooks; ``patches`` takes them away."""
        model = self.recorder.seen.model
        patches.on_exit(model.register_forward_pre_hook(self._keep, with_kwargs=True).remove)
        patches.on_exit(self._close)
        patches.on_exit(register_module_forward_pre_hook(self._before).remove)
        patches.on_exit(register_module_forward_hook(self._after, always_call=True).remove)

    def taken(self) -> tuple[tuple[object, ...], bool]:
        """Return what was forwarded with gradients since the last backward pass, and forget it."""
        graded = [call for call in self.fresh if call.graded]
        for call in {id(call.module): call for call in graded}.values():
            call.trains = True
        self.fresh.clear()
        return tuple(call.data for call in graded), any(call.inputs_need_gradient for call in graded)

    def _close(self) -> None:
        self.recorder.seen.norms = self.norms.close()

    def _keep(self, _module: nn.Module, _inputs: Any, named: dict[str, Any]) -> None:
        self._named = dict(named)

    def _before(self, module: nn.Module, inputs: Any) -> None:
        if not self.running:
            self._asleep = {}
        self.running.append(module)
        if torch.is_grad_enabled():
            self.recorder.seen.ran.add(self.names.get(id(module), OTHER))
        if not self.recorder.full:
            self.norms.note(module, next(tensors(inputs), None))
        if not module.training and sleeps(module) and torch.is_grad_enabled() and not self.recorder.full:
            self._asleep[self.names.get(id(module), OTHER)] = off_by(module, next(tensors(inputs), None))

    def _after(self, module: nn.Module, inputs: Any, _output: Any) -> None:
        while self.running and self.running.pop() is not module:  # those above it were left by an exception
            pass
        if self.running or self.recorder.full:
            return
        name = self.names.get(id(module), OTHER)
        if name == OTHER and next(module.parameters(), None) is None:
            return  # a loss, an activation
        given = list(tensors([inputs, self._named if name == "" else {}]))
        self._named = {}
        need = any(tensor.requires_grad and tensor.is_leaf for tensor in given)
        data = tuple(fingerprint(tensor) for tensor in given[:3])
        at = self.recorder.tick()
        call = Forward(at, module, name, module.training, torch.is_grad_enabled(), data, need, dict(self._asleep))
        self.recorder.seen.forwards.append(call)
        self.fresh.append(call)
        if name == OTHER:
            self.recorder.seen.others[id(module)] = module


def sleeps(module: nn.Module) -> bool:
    """Return whether the module does something else in eval mode: dropout and batch normalization do."""
    if isinstance(module, _DropoutNd):
        return module.p > 0
    return isinstance(module, _BatchNorm) and module.track_running_stats


def off_by(module: nn.Module, inputs: Tensor | None) -> float:
    """Return how far the batch's mean and spread are from those that batch normalization has stored.

    In standard deviations for the mean, in factors of e for the spread, as a mean over the channels; 0 for dropout.
    """
    if not isinstance(module, _BatchNorm) or module.running_mean is None or module.running_var is None:
        return 0.0
    if inputs is None or inputs.dim() < 2 or inputs.numel() == 0 or not plain(inputs):
        return 0.0
    channels = inputs.detach().transpose(0, 1).flatten(1).float()
    spread = (module.running_var + module.eps).sqrt()
    shift = ((channels.mean(1) - module.running_mean) / spread).abs().mean()
    stretch = (channels.std(1, unbiased=False).clamp_min(1e-6) / spread).log().abs().mean()
    return float(torch.maximum(shift, stretch))


def plain(tensor: Tensor) -> bool:
    """Return whether the tensor holds numbers that can be read: none inside of vmap, export or a nested tensor."""
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor(tensor)
    return type(tensor) in (Tensor, nn.Parameter) and tensor.layout is torch.strided and not (wrapped or tensor.is_meta)


def fingerprint(tensor: Tensor) -> tuple[object, ...]:
    """Return what tells two batches apart: shape, sum and first number."""
    if not tensor.numel() or not plain(tensor) or tensor.is_complex():
        return (tuple(tensor.shape),)
    flat = tensor.detach().reshape(-1)
    return tuple(tensor.shape), float(flat.double().sum()), float(flat[0])
