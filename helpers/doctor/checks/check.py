"""What a check is: a function of the program that measures one kind of fault, and what it needs to run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from helpers.doctor.findings import Finding
from helpers.doctor.probing.parts import parts
from helpers.doctor.probing.program import Program


@dataclass(frozen=True)
class Check:
    """A measurement that can name causes.

    Attributes:
        name: what is checked, in plain words.
        run: the measurement; whatever it changes is put back afterwards.
        needs: fields of Program that must be given, such as ("valid",); "loss" asks for step or loss_fn, and
            "answers" that the model runs on a batch's inputs, "calls" that the program runs it at all.
        each_part: of a model that is not called as a whole, check each network that the step calls.
    """

    name: str
    run: Callable[[Program], Iterable[Finding]]
    needs: tuple[str, ...] = ()
    each_part: bool = False

    def on(self, program: Program) -> Iterable[Finding]:
        """Return what the check finds, in each network of a model that is not called as a whole."""
        if not self.each_part or program.calls:
            return self.run(program)
        found = {name: self.run(part) for name, part in parts(program).items()}
        return [replace(one, seen=f"in '{name}', {one.seen}") for name, each in found.items() for one in each]

    def missing(self, program: Program) -> str | None:
        """Return the sentence that says why this check is left out, or None."""
        if "answers" in self.needs and not program.answers_alone:
            return f"{self.name}: model(inputs) does not run on the inputs of a batch"
        if "calls" in self.needs and not program.calls and not (self.each_part and parts(program)):
            return f"{self.name}: the model is not called as a whole"
        lacking = [need for need in self.needs if need not in ("answers", "calls") and not _given(program, need)]
        names = ["loss_fn (or step)" if need == "loss" else need for need in lacking]
        plural = "s" if len(names) > 1 else ""
        return f"{self.name}: needs the argument{plural} {' and '.join(names)}" if names else None


def _given(program: Program, need: str) -> bool:
    return program.has_loss if need == "loss" else getattr(program, need) is not None
