"""A Colab edition runs by itself: one file, in an empty folder, where ``helpers`` is not installed."""

import ast
import subprocess
import sys
import sysconfig
import venv

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from book import address, colab, notebooks
from book.notebooks import ROOT

COLAB = ROOT / "_build" / "colab"


@pytest.fixture
def edition(slug):
    path = COLAB / f"{slug}.ipynb"
    if not path.exists():
        pytest.skip(f"{slug} has no Colab edition yet: run make colab")
    return path


# What Colab does not bring. An edition has to name those that it uses, or does not find them here.
NOT_ON_COLAB = {
    *("fastapi", "httpx", "monai", "nibabel", "onnx", "onnxruntime", "onnxscript", "optuna", "pooch"),
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


@pytest.fixture
def colab_like(tmp_path, edition):
    """A Python with those packages of the course that Colab has or the edition asks for, and without ``helpers``."""
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (site / "course.pth").write_text(sysconfig.get_path("purelib"))
    absent = NOT_ON_COLAB - needed(edition).keys()
    (site / "sitecustomize.py").write_text(HIDE.format(absent=sorted(absent)))
    return python


def needed(edition):
    """Return what the edition's first cell asks for: import name -> package."""
    setup = notebooks.read(edition).cells[0].source
    line = next(line for line in setup.splitlines() if line.startswith("needed = "))
    return ast.literal_eval(line.removeprefix("needed = ").partition("  #")[0])


def call(python, folder, *words):
    environment = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HOME": str(folder), "JUPYTER_PLATFORM_DIRS": "1"}
    command = [str(python), *map(str, words)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_runs_in_an_empty_folder_with_another_seed(edition, few_epochs, colab_like, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    assert "No module named 'helpers'" in call(colab_like, folder, "-c", "import helpers").stderr
    options = ["-k", "python3", "--no-progress-bar", "-p", "seed", "1", *few_epochs]
    run = call(colab_like, folder, "-m", "papermill", edition, folder / "out.ipynb", *options)
    assert run.returncode == 0, run.stderr
    # It brought its own, and left nothing of it behind in this Python.
    assert "No module named 'helpers'" in call(colab_like, folder, "-c", "import helpers").stderr


def test_keeps_the_outputs_and_asks_for_a_gpu(edition, executed):
    notebook = notebooks.read(edition)
    assert notebook.metadata["accelerator"] == "GPU"
    assert notebook.cells[0].metadata["cellView"] == "form"
    assert notebook.cells[0].source.startswith("#@title ")
    assert [cell.get("outputs") for cell in notebook.cells[1:]] == [cell.get("outputs") for cell in executed.cells]


def test_leaves_torch_and_numpy_alone(edition):
    assert not {"torch", "torchvision", "numpy", "helpers"} & needed(edition).keys()
    assert "--no-deps" in notebooks.read(edition).cells[0].source


def test_asks_for_what_a_chapter_imports_at_the_version_that_works():
    sources = ["import torchtext, PIL.Image, os", "from torch.utils.tensorboard import SummaryWriter", "import numpy"]
    sources.append("import onnx")
    cells = [new_code_cell(source) for source in sources]
    expected = {"PIL": "pillow", "onnx": "onnx", "onnxscript": "onnxscript"}
    expected |= {"tensorboard": "tensorboard", "torchtext": "torchtext==0.6.0"}
    assert colab.packages(new_notebook(cells=cells)) == expected


RELATIVE = "See [Concepts](concepts.ipynb#what-is-a-loss), [results](../results.md) and [PyTorch](https://pytorch.org)."


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", "See Concepts, results and [PyTorch](https://pytorch.org)."),
        ("https://gitlab.com/a/b", "See Concepts, results and [PyTorch](https://pytorch.org)."),
        (
            "https://github.com/a/b",
            "See [Concepts](https://colab.research.google.com/github/a/b/blob/colab/concepts.ipynb), results and "
            "[PyTorch](https://pytorch.org).",
        ),
    ],
)
def test_links_to_chapters_lead_to_their_editions_or_are_plain_text(monkeypatch, url, shown):
    monkeypatch.setattr(address, "repository", lambda: url)
    assert colab.RELATIVE_LINK.sub(colab.link, RELATIVE) == shown


def test_the_address_falls_back_to_the_repository_that_publishes(monkeypatch):
    assert address.yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"] == ""
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert address.repository() == ""
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    assert address.repository() == "https://github.com/owner/name"
    assert address.on_colab("cnn").endswith("/owner/name/blob/colab/cnn.ipynb")


def test_no_edition_has_a_dead_link(edition):
    text = "\n".join(cell.source for cell in notebooks.read(edition).cells if cell.cell_type == "markdown")
    assert colab.RELATIVE_LINK.findall(text) == []


def test_the_same_sources_give_the_same_wheel():
    code = "import hashlib; from book.colab import build_wheel; print(hashlib.sha256(build_wheel()[1]).hexdigest())"
    first, second = (call(sys.executable, ROOT, "-c", code) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
