"""In which mode does the model run in those forward passes that it is trained on?"""

from collections.abc import Iterator

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Forward, Recording
from helpers.doctor.steps.given import Given

FAR = 1.0  # standard deviations, or factors of e of the spread, that stored statistics may be off


def judge_modes(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for training passes in eval mode. A part that is frozen may sleep, and so may one layer on purpose."""
    trained = [call for call in seen.forwards if call.trains and call.name != "?" and _trainable(call)]
    asleep = [call for call in trained if not call.training and call.asleep]
    if not asleep or 2 * len(asleep) < len(trained) or not given.whole:
        return
    name, off = max(asleep[0].asleep.items(), key=lambda item: item[1])
    seen_text = f"{len(asleep)} of {len(trained)} training passes ran in eval mode, {_since(trained)}"
    if off > FAR:
        seen_text += f"; the statistics that '{name}' has stored are {off:.2g} standard deviations off its inputs"
    yield found("trained-in-eval-mode", seen_text, "fault" if off > FAR else "suspicion")


def _trainable(call: Forward) -> bool:
    return any(parameter.requires_grad for parameter in call.module.parameters())


def _since(trained: list[Forward]) -> str:
    first = next(place for place, call in enumerate(trained, start=1) if not call.training)
    return "from the first on" if first == 1 else f"from pass {first} on"
