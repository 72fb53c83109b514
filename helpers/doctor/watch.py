"""Watching a loop that is no function: ``with doctor.watch(model, optimizer) as seen:`` around the reader's code."""

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any

from torch import nn
from torch.optim import Optimizer

from helpers.doctor.arguments import in_a_sentence, known, names, refuse_model, refuse_optimizers
from helpers.doctor.causes import report
from helpers.doctor.findings import Finding, Report
from helpers.doctor.probing.program import ProgramError
from helpers.doctor.recording.events import Recording
from helpers.doctor.recording.recorder import LIMIT, Recorder
from helpers.doctor.steps import Given, judged


class Watch:
    """What a loop did, judged when its ``with`` ends; shows itself as a table in a notebook, as text elsewhere.

    Nothing of the loop is changed: it trains as it would have. What was replaced in torch to listen is put back when
    the ``with`` ends, also by an exception or Ctrl-C; then the report is of what was seen until there.
    """

    def __init__(self, recorder: Recorder, given: Given, expected: tuple[str, ...]) -> None:
        self._recorder, self._given, self._expected = recorder, given, expected
        self._report: Report | None = None

    def __enter__(self) -> "Watch":
        self._recorder.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._recorder.__exit__(kind, error, at)
        findings = judged(self._recorder.seen, self._given, loop=True)
        self._report = report(findings, left_out(self._recorder.seen, self._given), self._expected)

    @property
    def recording(self) -> Recording:
        """Everything that was seen, event by event."""
        return self._recorder.seen

    @property
    def report(self) -> Report:
        """The findings; there once the ``with`` has ended."""
        if self._report is None:
            raise ProgramError("expected the end of the with block before the report is read: dedent this line")
        return self._report

    @property
    def findings(self) -> list[Finding]:
        """The findings of the report."""
        return self.report.findings

    @property
    def healthy(self) -> bool:
        """True without a finding of the grade "fault"."""
        return self.report.healthy

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return self.report.to_json()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.report)

    def __repr__(self) -> str:
        return "a watch whose loop has not ended" if self._report is None else repr(self._report)

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


@in_a_sentence
def watch(
    model: nn.Module,
    optimizer: Optimizer | Mapping[str, Optimizer] | None = None,
    scheduler: Any = None,
    *,
    accumulate: int | None = None,
    frozen: Iterable[str] | None = None,
    target: nn.Module | None = None,
    steps_per_epoch: int | None = None,
    expected: Iterable[str] = (),
    limit: int = LIMIT,
) -> Watch:
    """Watch a training loop: its backward passes, clearing, clipping, steps, schedule and modes.

    ::

        with doctor.watch(model, optimizer, scheduler) as seen:
            for inputs, targets in loader:
                ...
        seen  # the last line of a cell shows the findings; elsewhere print(seen)

    Args:
        model: the network that is trained; an nn.ModuleDict of several.
        optimizer: one, or a dict of several; one that is not named here is found when it steps.
        scheduler: of the learning rate.
        accumulate: how many backward passes make a step.
        frozen: names of modules or parameters that are meant to stay as they are.
        target: the target network or teacher.
        steps_per_epoch: how many steps an epoch has.
        expected: ids of causes that are deliberate here.
        limit: so many steps are booked in full, with one copy of all gradients each; then only losses and rates.

    Raises:
        ProgramError: an argument is of another kind; the sentence says what was expected.
    """
    refuse_model(model)
    refuse_optimizers(optimizer)
    expected = known(names(expected, "expected") or ())
    given = Given(accumulate, names(frozen, "frozen"), target, scheduler, steps_per_epoch, whole=True)
    return Watch(Recorder(model, optimizer, target=target, limit=limit), given, expected)


def left_out(seen: Recording, given: Given) -> Iterator[str]:
    """Yield what could not be judged for want of something seen or said."""
    if not seen.steps:
        yield "steps: no optimizer.step() was seen in the loop"
    if any(not step.judged for step in seen.steps):
        yield f"steps: those after the first {sum(s.judged for s in seen.steps)} or with several passes in one step"
    if not seen.forwards:
        yield "modes: the model was not called in the loop"
    if given.frozen is None:
        yield "frozen layers: needs the argument frozen"
    if given.target is None:
        yield "target network: needs the argument target"
    if given.scheduler is None and not seen.schedule:
        yield "schedule: no scheduler was seen"
    yield "loss, data and evaluation: doctor.examine(model, loss_fn, batches, optimizer) looks at these"
