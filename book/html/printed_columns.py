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
    """Return a page whose outputs in columns have the class ``columns``, which ``course.css`` reads.

    The keyboard can reach and scroll them from the start. The theme's script takes that back where nothing scrolls.
    """
    return PRINTED.sub(marked, text)


def marked(found: re.Match) -> str:
    """Return one output, marked if it is in columns."""
    if not in_columns(found[3]):
        return found[0]
    return found[1] + " columns" + found[2].replace("<pre>", '<pre tabindex="0">') + found[3]
