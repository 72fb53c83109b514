"""The crew: starts workers, passes on what they say, replaces one that died, and ends all of them on Ctrl-C."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apps.sweep import worker as worker_module
from apps.sweep.errors import SweepError
from apps.sweep.plan import Plan

MOST_DEATHS = 5  # workers that may die, beyond what trials themselves do, before the sweep gives up
GRACE_SECONDS = 10.0


class Crew:
    """Workers of one plan; use as a context, so that none of them is left behind."""

    def __init__(self, plan: Plan, jobs: int) -> None:
        self.plan, self.jobs, self.deaths = plan, jobs, 0
        self.lines: queue.Queue[str] = queue.Queue()
        self.workers: list[subprocess.Popen[str]] = []
        self.log = Path(plan.out) / "workers.log"

    def __enter__(self) -> "Crew":
        Path(self.plan.out).mkdir(parents=True, exist_ok=True)
        for _ in range(self.jobs):
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            if worker.stdin:
                worker.stdin.close()  # a worker ends when its stdin does
        for worker in self.workers:
            try:
                worker.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()

    def start(self) -> None:
        """Start one worker, in a session of its own: Ctrl-C reaches this process alone."""
        with self.log.open("a", encoding="utf-8") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", worker_module.__name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert worker.stdin is not None
        worker.stdin.write(self.plan.to_json() + "\n")
        worker.stdin.flush()
        self.workers.append(worker)
        threading.Thread(target=self._listen, args=(worker,), daemon=True).start()

    def _listen(self, worker: "subprocess.Popen[str]") -> None:
        assert worker.stdout is not None
        for line in worker.stdout:
            self.lines.put(line)

    def reports(self) -> Iterator[dict[str, Any]]:
        """Yield what the workers say, until all of them have ended.

        Raises:
            SweepError: a worker found that no trial can succeed, or workers die again and again.
        """
        while True:
            try:
                report = json.loads(self.lines.get(timeout=0.1))
            except queue.Empty:
                if not self._someone_works():
                    return
                continue
            if "stop" in report:
                raise SweepError(report["stop"])
            yield report

    def _someone_works(self) -> bool:
        """Replace workers that were killed; say whether any is left."""
        for worker in [w for w in self.workers if w.poll() not in (None, 0)]:
            self.workers.remove(worker)
            self.deaths += 1
            if self.deaths > MOST_DEATHS:
                raise SweepError(f"workers die again and again; the last words of one are in {self.log}.")
            time.sleep(0.2)
            self.start()
        return any(worker.poll() is None for worker in self.workers) or not self.lines.empty()
