"""Runs Colab editions as Colab does: ``python -m book.try_colab PYTHON [SLUG ...]``, by default all of them.

Each edition runs in an empty folder of its own, with that Python, which holds what Colab brings and nothing of ours:
``make try-colab`` makes one. What an edition needs beyond that it installs by itself, as on Colab.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from book import notebooks
from book.colab import COLAB

PAPERMILL = Path(sys.executable).with_name("papermill")
KERNEL = "like-colab"


def main(python: str, *slugs: str) -> int:
    """Run the editions, several at once, say how each ended, and return 1 if one failed."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return max(pool.map(lambda slug: tried(Path(python).absolute(), slug), slugs or notebooks.slugs()))


def tried(python: Path, slug: str) -> int:
    """Run one edition with that Python, and return 1 if it failed."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [PAPERMILL, COLAB / f"{slug}.ipynb", "out.ipynb", "--kernel", KERNEL, "--no-progress-bar"]
        run = subprocess.run(
            command, cwd=folder, env=surroundings(python, Path(folder)), capture_output=True, text=True, check=False
        )
    took = f"{time.perf_counter() - start:.0f} s"
    print(f"{slug}: {took}" if not run.returncode else f"{slug}: FAILED after {took}\n{run.stderr[-3000:]}", flush=True)
    return int(run.returncode != 0)


def surroundings(python: Path, folder: Path) -> dict[str, str]:
    """Return the environment of a run: a kernel of that Python, and nothing else of this one."""
    kernel = {"argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": KERNEL}
    place = folder / "jupyter" / "kernels" / KERNEL / "kernel.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(kernel | {"language": "python"}), encoding="utf-8")
    return {
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "OMP_NUM_THREADS": "1",
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
