"""Passes over a DataLoader: when each begins, and how many batches it could give."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch.utils.data import DataLoader

from helpers.doctor.probing.lengths import length
from helpers.doctor.recording.events import LoaderPass

if TYPE_CHECKING:
    from helpers.doctor.recording.recorder import Recorder


def install_loaders(recorder: "Recorder") -> None:
    """Listen to every pass over a DataLoader."""
    recorder.patches.replace(DataLoader, "__iter__", functools.partial(_passing, recorder))


def _passing(recorder: "Recorder", original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def begin(self: Any) -> Any:
        recorder.seen.readings.append(LoaderPass(recorder.tick(), length(self) or 0))
        return original(self)

    return begin
