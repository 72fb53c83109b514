"""Reads a text cell as STYLE.md asks for it: how many words it has, and whether each sentence has a line of its own."""

import re
from itertools import pairwise

from nbformat import NotebookNode

IMAGE = re.compile(r"!\[[^\]]*\]\(")
# The end of a sentence within a line: a mark, then what opens the next sentence.
END = re.compile(r"""(?<=[.!?])[)"'”’*_`]*\s+(?=[*_`"'“‘(\[$]*[A-Z0-9])""")
ABBREVIATIONS = re.compile(r"(?:\b(?:e\.g|i\.e|vs|cf|al|Fig|Eq|Sec|No|Nos|Dr|St|pp|approx|[A-Z])|\d)\.$")
CLOSED = re.compile(r"""[.!?:…][)"'”’*_`$\]]*$""")
# A short list: what an author used to British spelling is likely to write.
BRITISH = re.compile(
    r"\b((?:behavi|col|fav|neighb)our\w*|centre[sd]?|grey|labell\w+|modell\w+|cancell\w+|learnt|maths|whilst"
    r"|(?:general|initial|normal|optim|organ|random|real|recogn|regular|standard|summar|visual)is(?:e|ed|er|es|ing|ation)"
    r"|analyse[sd]?)\b",
    re.IGNORECASE,
)
UNBROKEN = re.compile(r"^\s*(#|\||>|!\[|---|\[\^|<)|^\s*$")  # headings, tables, pictures: not sentences in a row


def words(cell: NotebookNode) -> int:
    """Return how many words a text cell has; code does not count, a formula is one word, a code cell has none."""
    if cell.cell_type != "markdown":
        return 0
    text = re.sub(r"^(```|~~~).*?^\1", " ", cell.source, flags=re.MULTILINE | re.DOTALL)
    return len(re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", "formula", text, flags=re.DOTALL).split())


def british(source: str) -> list[str]:
    """Return the words of a text, outside code and addresses, that American spelling writes differently."""
    return [found[0] for found in BRITISH.finditer(re.sub(r"\]\([^)]*\)", "]", running_text(source)))]


def shows_a_picture(cell: NotebookNode) -> bool:
    """Say whether a cell shows a picture; a code cell that draws one says so in its metadata."""
    if cell.cell_type == "code":
        return "figure" in cell.metadata.get("mystnb", {})
    return bool(IMAGE.search(cell.source))


def misplaced(source: str) -> list[str]:
    """Return the lines that hold two sentences, and those in which a sentence is cut."""
    lines = running_text(source).splitlines()
    crowded = [line.strip() for line in lines if len(sentences(line)) > 1]
    cut = [
        line.strip()
        for line, following in pairwise(lines)
        if not UNBROKEN.match(line) and goes_on(following) and not CLOSED.search(line.rstrip())
    ]
    return [f"two sentences: {line}" for line in crowded] + [f"cut: {line}" for line in cut]


def running_text(source: str) -> str:
    """Return a text without its references, and without blocks of code or formulas, which break as they like."""
    text = re.split(r"^(?:#+ |\*\*)References\b", source, maxsplit=1, flags=re.MULTILINE)[0]
    text = re.sub(r"^( *)(```|~~~).*?^ *\2", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\$\$.*?\$\$", "\n\n", text, flags=re.DOTALL)
    return re.sub(r"`[^`\n]*`", "`code`", re.sub(r"\$[^$\n]+\$", "$x$", text))


def sentences(line: str) -> list[str]:
    """Return the sentences of a line; tables and headings are left as they are."""
    if UNBROKEN.match(line):
        return [line]
    parts: list[str] = []
    for part in END.split(re.sub(r"^\s*(?:[-*+]|\d+\.)\s+", "", line)):
        if parts and ABBREVIATIONS.search(parts[-1]):
            parts[-1] = f"{parts[-1]} {part}"
        else:
            parts.append(part)
    return parts


def goes_on(line: str) -> bool:
    """Say whether a line goes on with the paragraph, or the list item, of the line above it."""
    return not UNBROKEN.match(line) and not re.match(r"\s*(?:[-*+]|\d+\.)\s", line)
