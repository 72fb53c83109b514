"""Trains a chapter's network in several processes, one for each GPU: ``make run CHAPTER=cnn ARGS="-p gpus 2"``.

A notebook has one process. So torchrun starts a script that trains the same network by the same recipe, with the
chapter's parameters; nothing else of the chapter is run.
"""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from papermill import inspect_notebook

from book import notebooks
from book.notebooks import CHAPTERS, ROOT
from helpers import runtime
from helpers.runtime.device import DEVICES
from helpers.runtime.parameters import SEED_RULE

SCRIPTS = {"cnn": "apps.scaling.train_ddp"}
TAKEN = ["dataset", "epochs", "batch_size", "lr", "width", "stages", "stem", "seed"]  # as the script calls them, too
GPUS = (2, 1024)


def train(slug: str, given: Mapping[str, Any], folder: Path) -> int:
    """Train the chapter's network on several GPUs, say where the result is, and return the exit status.

    Args:
        slug: of the chapter.
        given: the reader's parameters, name -> value or its text; ``gpus`` is among them.
        folder: where results go.

    Raises:
        ParameterError: the chapter has no such script, a parameter is wrong, or the machine has too few GPUs.
    """
    result, unfinished = folder / f"{slug}.ckpt", folder / f"{slug}.unfinished"
    words = command(slug, given, unfinished)
    shutil.rmtree(unfinished, ignore_errors=True)
    print("The chapter's network for color images is trained, and nothing else of the chapter is run:", flush=True)
    # Each restart gets a store of its own: in the old one it would wait for processes that are gone.
    environment = {**os.environ, "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1", "OMP_NUM_THREADS": "1"}
    status = subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode
    if status == 0:
        (unfinished / "last.ckpt").replace(result)
        shutil.rmtree(unfinished)
        print("The trained network is in", notebooks.relative(result))
    return status


def command(slug: str, given: Mapping[str, Any], out: Path) -> list[str]:
    """Return the words that start the training; its checkpoint will be in the folder ``out``."""
    if slug not in SCRIPTS:
        raise runtime.ParameterError(
            "this chapter runs in one process, on one GPU at most, and has no parameter 'gpus'; this one has: "
            'make run CHAPTER=cnn ARGS="-p gpus 2"'
        )
    checked = parameters(slug, given)
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
    words += [f"--nproc-per-node={checked['gpus']}", "--max-restarts=3", "-m", SCRIPTS[slug], f"--out={out}"]
    words += [f"--{name.replace('_', '-')}={checked[name]}" for name in TAKEN]
    return [*words, f"--device={device(checked['gpus'], checked['device'])}"]


def parameters(slug: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the chapter's parameters, with those that were given, held against the rules of its start cell."""
    path = CHAPTERS / f"{slug}.ipynb"
    defaults = {name: ast.literal_eval(one["default"]) for name, one in inspect_notebook(str(path)).items()}
    start = next(cell for cell in notebooks.code_cells(notebooks.read(path)) if "runtime.start(" in cell.source)
    nodes = [node for node in ast.walk(ast.parse(start.source)) if isinstance(node, ast.keyword)]
    rules = {node.arg: rule(node.value) for node in nodes if node.arg in defaults}
    rules |= {"seed": SEED_RULE, "device": DEVICES, "gpus": GPUS}
    values = {name: yaml.safe_load(value) if isinstance(value, str) else value for name, value in given.items()}
    return runtime.check_parameters({**defaults, **values}, rules)


def rule(node: ast.expr) -> Any:
    """Return a rule of the start cell: choices or limits, or one of those that have a name in ``runtime``."""
    return getattr(runtime, node.attr) if isinstance(node, ast.Attribute) else ast.literal_eval(node)


def device(gpus: int, wanted: str) -> str:
    """Return where the processes compute: each on a GPU of its own, or all on the CPU, if that is wanted."""
    if wanted == "cpu":
        return wanted
    count = torch.cuda.device_count()
    if count < gpus:
        raise runtime.ParameterError(
            f"gpus is {gpus}, but PyTorch finds {count or 'none'} on this machine; "
            f"-p device cpu trains in {gpus} processes on the CPU instead, to try it out"
        )
    return "cuda"
