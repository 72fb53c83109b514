"""A chapter depends on the helpers that it imports, also through one another, and on no others."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from book.running.imports import helper_files


@pytest.fixture
def tree(tmp_path):
    files = {
        "__init__.py": "",
        "plot.py": "import matplotlib",
        "runtime.py": "",
        "train.py": "def late():\n    from helpers.runtime import start",
        "data/__init__.py": "from helpers.data.tables import load",
        "data/tables.py": "from . import splits",
        "data/splits.py": "from ..runtime import seed",
        "data/unused.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "helpers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


DATA = ["data/__init__.py", "data/splits.py", "data/tables.py", "runtime.py"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch", []),
        ("from helpers import plot", ["plot.py"]),
        ("from helpers import plot, train", ["plot.py", "runtime.py", "train.py"]),
        ("import helpers.data", DATA),
        ("from helpers.data import load", DATA),
        ("from helpers import data as d", DATA),
        ("from helpers.data import unused", sorted([*DATA, "data/unused.py"])),
        ("%matplotlib inline\nimport helpers.plot", ["plot.py"]),
        ("this is no Python", []),
    ],
)
def test_files(tree, source, expected):
    found = helper_files(new_notebook(cells=[new_code_cell(source)]), tree)
    wanted = sorted(["__init__.py", *expected]) if expected else []
    assert [path.relative_to(tree / "helpers").as_posix() for path in found] == wanted
