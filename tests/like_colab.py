"""A Python as Colab has it: with the packages that Colab brings or an edition asks for, and without ``helpers``."""

import ast
import json
import subprocess
import sysconfig
import venv
from pathlib import Path

import matplotlib
from nbformat import NotebookNode

KERNEL = "like-colab"
# What Colab does not bring. An edition has to name those that it uses, or does not find them here.
NOT_ON_COLAB = {
    *("fastapi", "httptools", "httpx", "monai", "nibabel", "onnx", "onnxruntime", "onnxscript", "optuna", "pooch"),
    *("prometheus_client", "python_multipart", "safetensors", "sentencepiece", "tensorboard", "torchao"),
    *("torchmetrics", "torchtext", "uvicorn"),
}
HIDE = """
import sys
from importlib.machinery import PathFinder

class Without:
    def __getattr__(self, name):
        return getattr(PathFinder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {absent} else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without()
"""


def needed(edition: NotebookNode) -> dict[str, str]:
    """Return what the edition's first cell asks for: import name -> package."""
    line = next(line for line in edition.cells[0].source.splitlines() if line.startswith("needed = "))
    return ast.literal_eval(line.removeprefix("needed = ").partition("  #")[0])


def make_python(folder: Path, edition: NotebookNode) -> Path:
    """Make such a Python in a folder, and return its program."""
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    (site / "course.pth").write_text(sysconfig.get_path("purelib"))
    (site / "sitecustomize.py").write_text(HIDE.format(absent=sorted(NOT_ON_COLAB - needed(edition).keys())))
    return folder / "venv" / "bin" / "python"


def make_kernel(folder: Path, python: Path) -> Path:
    """Make a kernel of that Python, which knows nothing of this environment; return what JUPYTER_PATH has to name."""
    environment = {
        "PYTHONPATH": "",
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
        "JUPYTER_PLATFORM_DIRS": "1",
        "MPLCONFIGDIR": matplotlib.get_cachedir(),  # or each kernel would list the machine's fonts anew
    }
    spec = {
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": KERNEL,
        "language": "python",
        "env": environment,
    }
    place = folder / "jupyter" / "kernels" / KERNEL
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return folder / "jupyter"


def has_helpers(python: Path) -> bool:
    """Say whether that Python finds ``helpers`` by itself."""
    command = [str(python), "-c", "import helpers"]
    run = subprocess.run(command, cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    assert run.returncode == 0 or "No module named 'helpers'" in run.stderr, run.stderr
    return run.returncode == 0
