"""What an examination ends with: findings, each with one cause and the measurement that shows it, in a report."""

import html
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass

GRADES = ("fault", "suspicion", "note")
COLUMNS = ("grade", "what was seen", "why it matters", "how to mend it", "read more")
STYLE = "text-align: left; vertical-align: top"


@dataclass(frozen=True)
class Finding:
    """One cause, with the figures that show it.

    Attributes:
        cause: id of the cause, as in ``causes.CAUSES``; name it in ``expected`` to silence it.
        grade: "fault" where no right program explains the measurement, "suspicion" where few do, else "note".
        seen: one sentence with figures, such as "output 0 changed by 3.1 when only sample 5 changed".
        why: one sentence on what it does to training.
        mend: one sentence with the call to write.
        chapter: address in the book, such as "chapters/debugging.html#gradients".
    """

    cause: str
    grade: str
    seen: str
    why: str
    mend: str
    chapter: str

    def __post_init__(self) -> None:
        if self.grade not in GRADES:
            raise ValueError(f"grade must be one of {', '.join(GRADES)}, got {self.grade!r}")

    def __str__(self) -> str:
        return f"{self.grade}: {self.cause}\n  seen: {self.seen}\n  why:  {self.why}\n  mend: {self.mend}"


@dataclass(frozen=True, repr=False)
class Report:
    """Findings in the order to mend them, and what could not be examined.

    Attributes:
        findings: the gravest first; among equals, a cause stands before what may follow from it.
        left_out: one sentence for each check that did not run, saying what it would need.
    """

    findings: list[Finding]
    left_out: list[str]

    @classmethod
    def of(cls, findings: Iterable[Finding], left_out: Iterable[str], rank: Callable[[str], int]) -> "Report":
        """Sort the findings by grade, then by rank of the cause: the smaller, the more specific."""
        order = sorted(findings, key=lambda finding: (GRADES.index(finding.grade), rank(finding.cause)))
        return cls(order, list(dict.fromkeys(left_out)))

    @property
    def healthy(self) -> bool:
        """True without a finding of the grade "fault"."""
        return not any(finding.grade == "fault" for finding in self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __repr__(self) -> str:
        lines = [str(finding) for finding in self.findings] or ["no finding"]
        if self.left_out:
            lines += ["left out:", *(f"  {sentence}" for sentence in self.left_out)]
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return the report as JSON text: an object with ``findings`` and ``left_out``."""
        return json.dumps({"findings": [asdict(finding) for finding in self.findings], "left_out": self.left_out})

    def _repr_html_(self) -> str:
        head = "".join(f'<th style="{STYLE}">{column}</th>' for column in COLUMNS)
        rows = "".join(map(_row, self.findings))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else "<p>No finding.</p>"
        if not self.left_out:
            return table
        points = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.left_out)
        return f"{table}<details><summary>Left out ({len(self.left_out)})</summary><ul>{points}</ul></details>"


def _row(finding: Finding) -> str:
    """Return one row of the table; everything that comes from the examined program is escaped."""
    page = finding.chapter.rpartition("/")[2]  # chapters, which show such tables, lie beside it in the book
    link = f'<a href="{html.escape(page)}">{html.escape(finding.cause)}</a>'
    cells = [html.escape(text) for text in (finding.grade, finding.seen, finding.why, finding.mend)]
    return "<tr>" + "".join(f'<td style="{STYLE}">{cell}</td>' for cell in [*cells, link]) + "</tr>"
