"""What a recorder writes down of a training loop: plain facts, which the judgments in ``steps`` then read."""

from dataclasses import dataclass, field
from typing import Any

from torch import nn
from torch.optim import Optimizer

from helpers.doctor.recording.norms import Norm


@dataclass
class Forward:
    """One call of a module that no other module has called."""

    at: int
    module: nn.Module
    name: str  # "" for the model itself, "?" for a module that is no part of it
    training: bool
    graded: bool  # gradients were recorded
    data: tuple[object, ...]  # a fingerprint of the inputs
    inputs_need_gradient: bool
    asleep: dict[str, float]  # dropout and batch normalization in eval mode: how far its statistics are off
    trains: bool = False  # a backward pass followed, and no other call of this module came between


@dataclass
class Backward:
    """One backward pass."""

    at: int
    number: int
    loss: float
    scale: float  # what the loss was multiplied by for half precision; 1 without a scaler
    added_up: int = 0  # how many numbers the loss is a sum of; 0 for a mean
    size: float = 0.0  # the norm of the gradient it brought, unscaled
    found: float = 0.0  # the norm of gradients it was added to although a step had already used them
    reached: set[int] = field(default_factory=set)  # the optimizers whose parameters it brought gradient to
    outside: bool = False  # it brought gradient to parameters of the model that no known optimizer has
    data: tuple[object, ...] = ()  # fingerprints of what was forwarded since the pass before
    inputs_need_gradient: bool = False
    moved: bool = False  # parameters were changed between the pass before and this one
    stepped: list[tuple[int, int]] = field(default_factory=list)  # (at, optimizer) of the steps that used it


@dataclass
class Step:
    """One step of one optimizer."""

    at: int
    optimizer: int
    rates: tuple[float, ...]
    passes: tuple[int, ...] = ()  # the backward passes in its gradient that no step of it had used before
    stale: tuple[int, ...] = ()  # those that an earlier step of it had already used
    lost: tuple[int, ...] = ()  # those that were cleared before it without having been used
    used: float = 0.0  # the norm of the gradient it used
    due: float = 0.0  # the norm of the sum of all passes since its last step
    cosine: float = 1.0  # between these two
    scale: float = 1.0  # the loss scale still in the gradient that it used
    moved: float = 0.0  # how far its parameters went
    judged: bool = True  # False where the optimizer calls a closure several times


@dataclass
class Clip:
    """One clipping of gradients by norm or by value."""

    at: int
    kind: str
    limit: float
    scale: float  # the loss scale still in the gradients
    before: float  # their norm
    after: float


@dataclass
class Unscale:
    """One unscaling by a GradScaler: the norm found beside the norm that the backward passes have left."""

    at: int
    scale: float
    found: float
    expected: float


@dataclass
class ScheduleStep:
    """One step of a learning-rate scheduler."""

    at: int
    scheduler: Any
    metric: float | None
    before: tuple[float, ...]
    after: tuple[float, ...]


@dataclass
class Load:
    """One ``load_state_dict`` of a module."""

    at: int
    module: nn.Module
    own: bool  # what was loaded is the module's own storage
    from_target: bool  # what was loaded is the target's storage
    matched: int  # how many of its tensors the state had
    tensors: int


@dataclass
class SamplerPass:
    """The begin of one pass over a shuffling DistributedSampler."""

    at: int
    sampler: int
    epoch: int


@dataclass
class LoaderPass:
    """The begin of one pass over a DataLoader."""

    at: int
    batches: int  # that a whole pass would give; 0 where that is not known


@dataclass
class Recording:
    """Everything that was seen, in the order of ``at``."""

    model: nn.Module
    optimizers: list[Optimizer]
    names: list[str]  # of the optimizers
    forwards: list[Forward] = field(default_factory=list)
    backwards: list[Backward] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)
    unscales: list[Unscale] = field(default_factory=list)
    schedule: list[ScheduleStep] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    passes: list[SamplerPass] = field(default_factory=list)
    readings: list[LoaderPass] = field(default_factory=list)
    moved: dict[str, float] = field(default_factory=dict)  # parameter or buffer -> how far it went in all
    graded: dict[str, float] = field(default_factory=dict)  # parameter -> the largest gradient a step found in it
    stepped: dict[str, float] = field(default_factory=dict)  # parameter -> the furthest that one step moved it
    ran: set[str] = field(default_factory=set)  # modules that ran with gradients recorded
    unreached: set[str] = field(default_factory=set)  # parameters that no backward pass left a gradient in
    written: int = 0  # how often the target was written to
    follows: list[float] = field(default_factory=list)  # cosine of each change of the target and the way to the model
    target_moved: float = 0.0  # how far the target went in all
    norms: list[Norm] = field(default_factory=list)  # batch normalization with an unusual momentum
    others: dict[int, nn.Module] = field(default_factory=dict)  # modules that ran and are no part of the model
    graphs_kept: int = 0  # graphs of losses that were held when all was over, but for the last ones
    unused: int = 0  # backward passes after the last step

    def stepped_with(self, optimizer: int) -> list[Step]:
        """Return the steps of one optimizer that can be judged."""
        return [step for step in self.steps if step.optimizer == optimizer and step.judged]
