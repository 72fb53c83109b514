"""A Sphinx extension: gives what a page folds a short title, and folds text too.

Notebooks say with tags what a page folds: `hide-input` and `hide-cell` on code cells, `hide-cell` on text cells, and
`checks` beside `hide-input` on cells that hold a lesson to its word. A few ticks stay in sight; many would part the
lesson, so they fold, and the title counts them. The cells are changed as Sphinx reads them, so the notebooks themselves
stay plain for GitHub and Jupyter. The Colab editions take their titles from here.
"""

import json
import re
from collections.abc import Iterator
from html import escape

from sphinx.application import Sphinx

from book.notebooks import CLAIM_MIME

CHECKS, SOLUTION, SOLUTION_CODE = "Checks", "Solution", "Solution in code"
MOST_TICKS = 3  # in sight below a cell of checks
CODE, TEXT = "Code and its output", "More on this"  # folded cells that solve no exercise
SECTION, HEADING = re.compile(r"^## +(.+?) *$", re.MULTILINE), re.compile(r"^#+ ", re.MULTILINE)
BOLD_START = re.compile(r"\A\*\*(?P<title>[^*]+?)[.:]?\*\*[.:]?\s*")
# As a page has folded code, so that both look alike
FOLDED_TEXT = """<div class="cell docutils container"><details class="admonition hide above-input folded-text">
<summary><p class="collapsed admonition-title">{title}</p><p class="expanded admonition-title">{title}</p></summary>

{text}

</details></div>"""


def folded(cells: list[dict]) -> Iterator[tuple[dict, str]]:
    """Yield each cell that has a title where it is folded, with that title."""
    section, text_above = "", False  # the latter: whether a solution has begun with a text
    for cell in cells:
        tags, is_code = cell["metadata"].get("tags", []), cell["cell_type"] == "code"
        if not is_code and HEADING.search(cell["source"]):
            section, text_above = ([section, *SECTION.findall(cell["source"])][-1], False)
        if is_code and "checks" in tags:
            yield cell, CHECKS
        elif is_code and "hide-cell" in tags:
            yield cell, (SOLUTION_CODE if text_above else SOLUTION) if section == "Exercises" else CODE
        elif "hide-cell" in tags:
            text_above = True
            yield cell, bold_start(cell["source"]) or (SOLUTION if section == "Exercises" else TEXT)


def bold_start(text: str) -> str:
    """Return the bold words that a text begins with, which name it where it is folded; or an empty string."""
    found = BOLD_START.match(text)
    return found["title"] if found else ""


def without_title(text: str) -> str:
    """Return a text without the bold words that it begins with."""
    return BOLD_START.sub("", text, count=1)


def claims(cell: dict) -> list[dict]:
    """Return the claims that a cell of a notebook, as JSON has it, has shown with a tick or a cross."""
    return [output["data"][CLAIM_MIME] for output in cell["outputs"] if CLAIM_MIME in output.get("data", {})]


def fold_ticks(cell: dict) -> None:
    """Fold the ticks of a cell of checks, too, if they are many and no cross is among them."""
    passed = [claim["passed"] for claim in claims(cell)]
    if len(passed) > MOST_TICKS and all(passed):
        cell["metadata"]["tags"] = ["hide-cell" if tag == "hide-input" else tag for tag in cell["metadata"]["tags"]]
        title = f"✓ All {len(passed)} checks hold"
        cell["metadata"]["mystnb"] |= {"code_prompt_show": title, "code_prompt_hide": title}


def fold(notebook: dict) -> None:
    """Change a notebook, as JSON has it, so that its page folds text and names what it folds."""
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])  # a text, or its lines
    for cell, title in folded(notebook["cells"]):
        if cell["cell_type"] == "code":
            prompts = {"code_prompt_show": title, "code_prompt_hide": title}
            cell["metadata"]["mystnb"] = cell["metadata"].get("mystnb", {}) | prompts
            if title == CHECKS:
                fold_ticks(cell)
        else:
            cell["source"] = FOLDED_TEXT.format(title=escape(title), text=without_title(cell["source"]))


def read(app: Sphinx, docname: str, content: list[str]) -> None:
    """Fold the cells of a notebook that Sphinx has read."""
    if app.env.doc2path(docname).endswith(".ipynb"):
        notebook = json.loads(content[0])
        fold(notebook)
        content[0] = json.dumps(notebook)


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    app.connect("source-read", read)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
