import os
import sys
import time

import httpx
import pytest

from apps.digits import train
from apps.digits.launch import running
from helpers import data


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A model folder, trained once by the command that the course names, also if several workers run tests."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, lock = shared / "digits-model", shared / "digits-model.lock"
    try:
        lock.mkdir()
    except FileExistsError:
        until = time.monotonic() + 300
        while not (folder / "model.json").exists() and time.monotonic() < until:
            time.sleep(0.1)
    else:
        words = ["--model", str(folder), "--epochs", "10"]  # half of the default, and good enough for every test
        with pytest.MonkeyPatch.context() as patch:  # in this process: one of its own would import torch once more
            patch.setattr(sys, "argv", ["train", *words])
            train.main()
    return folder


@pytest.fixture(scope="session")
def service(model_folder):
    """The service as a process of its own, on a free port; a module that needs other bounds has its own."""
    with running(model_folder) as service:
        yield service


@pytest.fixture(scope="module")
def client(service):
    with httpx.Client(base_url=service.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def digits():
    return data.load("digits", size=28)
