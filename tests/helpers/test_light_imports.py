"""What a kernel that only starts must not wait for: packages that take seconds to import."""

import subprocess
import sys

import pytest

HEAVY = ("IPython", "torchmetrics", "torch._dynamo")


@pytest.mark.parametrize("room", ["data", "doctor", "losses", "metrics", "models", "runtime", "train"])
def test_a_room_brings_nothing_heavy_along(room):
    script = f"import sys; from helpers import {room}; print(*sorted(sys.modules.keys() & set({HEAVY})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
