"""What a cause is: the words that a finding takes from it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """One fault of a training program.

    Attributes:
        id: plain words in kebab case, what ``expected`` takes.
        why: one sentence on what it does to training.
        mend: one sentence with the call to write.
        section: heading of the chapter ``debugging`` that explains it, as in its address.
        hides: ids of the causes that follow from this one; they are not reported beside it.
    """

    id: str
    why: str
    mend: str
    section: str
    hides: tuple[str, ...] = ()

    @property
    def chapter(self) -> str:
        """Address in the book."""
        return f"chapters/debugging.html#{self.section}"
