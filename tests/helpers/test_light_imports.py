"""What a kernel that only starts must not wait for: packages that take seconds to import."""

import subprocess
import sys

ROOMS = ("data", "doctor", "losses", "metrics", "models", "runtime", "train")
HEAVY = ("IPython", "torchmetrics", "torch._dynamo")
ONE_AFTER_THE_OTHER = f"""
import importlib, sys

for room in {ROOMS}:
    importlib.import_module(f"helpers.{{room}}")
    print(room, *sorted(sys.modules.keys() & {set(HEAVY)}))
"""


def test_no_room_brings_anything_heavy_along():
    done = subprocess.run([sys.executable, "-c", ONE_AFTER_THE_OTHER], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == list(ROOMS), "the first room with a word behind it has brought it"
