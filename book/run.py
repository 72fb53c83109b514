"""Runs one chapter with the reader's own parameters: ``python -m book.run concepts -p seed 1``.

All that follows the chapter's name goes to papermill as it is.
"""

import difflib
import subprocess
import sys

from book import notebooks
from book.notebooks import CHAPTERS, ROOT

RUNS = ROOT / "_build" / "runs"


def main(slug: str, arguments: list[str]) -> int:
    """Run the chapter, say where the result is, and return papermill's exit status."""
    if slug not in notebooks.slugs():
        print(complaint(slug), file=sys.stderr)
        return 2
    RUNS.mkdir(parents=True, exist_ok=True)
    result, unfinished = RUNS / f"{slug}.ipynb", RUNS / f"{slug}.unfinished.ipynb"
    unfinished.unlink(missing_ok=True)
    command = [sys.executable, "-m", "papermill", CHAPTERS / f"{slug}.ipynb", unfinished, "--cwd", CHAPTERS]
    status = subprocess.run([*command, "-k", "python3", *arguments], check=False).returncode
    if status == 0:
        unfinished.replace(result)  # a run that fails leaves the last good result alone
        print("The result is in", notebooks.relative(result))
    elif unfinished.exists():
        print("It stopped. As far as it came, it is in", notebooks.relative(unfinished))
    return status


def complaint(slug: str) -> str:
    """Say what is wrong with a chapter's name, and which there are."""
    known = notebooks.slugs()
    nearest = difflib.get_close_matches(slug, known, n=1)
    if not slug:
        start = 'Name a chapter, for example: make run CHAPTER=concepts ARGS="-p seed 1"'
    else:
        start = f"There is no chapter {slug!r}" + (f"; did you mean {nearest[0]!r}?" if nearest else ".")
    return f"{start}\nThe chapters are: {', '.join(known)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
