"""Marks what cells print in columns: a narrow screen scrolls it, where it wraps all else."""

import re

PRINTED = re.compile(
    r'(<div class="output (?:stream|text_plain)[^"]*)("><div class="highlight"><pre>)(.*?)(?=</pre>)', re.DOTALL
)
GAP = re.compile(r"\S {2,}\S")


def in_columns(printed: str) -> bool:
    """Return whether two lines or more, and half of all, have gaps as columns leave them."""
    lines = [line for line in printed.splitlines() if line.strip()]
    parted = sum(GAP.search(line) is not None for line in lines)
    return parted >= max(2, len(lines) / 2)


def with_columns(text: str) -> str:
    """Return a page whose outputs in columns have the class ``columns``, which ``course.css`` reads."""
    return PRINTED.sub(
        lambda found: found[1] + " columns" * in_columns(found[3]) + found[2] + found[3],
        text,
    )
