"""What a cause is: the words that a finding takes from it."""

from dataclasses import dataclass

from helpers.doctor.causes.reading import ADDRESSES


@dataclass(frozen=True)
class Cause:
    """One fault of a training program.

    Attributes:
        id: plain words in kebab case, what ``expected`` takes.
        why: one sentence on what it does to training.
        mend: one sentence with the call to write.
        hides: ids of the causes that follow from this one; they are not reported beside it.
    """

    id: str
    why: str
    mend: str
    hides: tuple[str, ...] = ()

    @property
    def chapter(self) -> str:
        """Address of the section that explains it, such as "chapters/debugging.html#the-rate"."""
        return ADDRESSES[self.id]
