"""A chapter opened by itself, without the course's package, says where to get an edition that carries it."""

import ast
import subprocess
import sys

from book import notebooks

# Stands right above the import, so that the traceback of a failed one shows it.
COMMENT = """\
# `helpers` comes with this course, not from PyPI. Where it is missing, open the
# chapter's Colab edition, which carries it: from its page in the book, or `make colab`.
from helpers"""
HIDDEN = """
import sys

class Hidden:
    def find_spec(self, name, *_):
        if name.split(".")[0] == "helpers":
            raise ModuleNotFoundError("No module named 'helpers'")

sys.meta_path.insert(0, Hidden())
"""


def test_the_first_import_of_helpers_says_where_it_comes_from(chapter):
    first = next(cell for cell in notebooks.code_cells(chapter) if "from helpers" in cell.source)
    before = first.source.partition("\nfrom helpers")[0]
    assert "import helpers" not in before
    assert f"{before}\nfrom helpers".endswith(COMMENT), f"cell {first.id} needs the comment:\n{COMMENT}"


def test_no_constant_is_imported_by_its_name(chapter):
    """Where a run keeps no history, plain values above the start cell are taken for parameters."""
    tree = ast.parse(notebooks.code_cells(chapter)[0].source)
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert [name for name in names if name.isupper()] == [], "import the module, and write module.NAME"


def test_the_traceback_of_a_failed_import_shows_it(tmp_path):
    path = tmp_path / "cell.py"
    path.write_text(f"{HIDDEN}\n\n\n{COMMENT} import data\n", encoding="utf-8")
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "No module named 'helpers'" in done.stdout
    assert "open the" in done.stdout
    assert "chapter's Colab edition, which carries it" in done.stdout
