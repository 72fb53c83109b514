"""The packages that these tests need: peers of the benchmarks, which .venv-bench has and .venv has not."""

import importlib
import os

import pytest


def peer(name):
    """Import a peer. Without it a file is skipped; under `make test-peers`, which requires it, it fails."""
    if os.environ.get("PEERS") == "required":
        return importlib.import_module(name)
    return pytest.importorskip(name, reason=f"{name} is not installed here; make test-peers has it")


def causes(report, grade="fault"):
    """The causes of this grade."""
    return [finding.cause for finding in report if finding.grade == grade]
