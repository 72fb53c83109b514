"""Writes Markdown that shows values as they are."""

import re


def table(columns: list[str], rows: list[list]) -> str:
    """Return a Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def plain(text: str) -> str:
    """Return text so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>$#~&])", r"\\\1", text)
