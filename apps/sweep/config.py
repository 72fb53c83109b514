"""The configuration of a sweep: all that the command line says, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.sweep.notebook import Value
from apps.sweep.search_space import SearchSpace, describe


@dataclass(frozen=True)
class SweepConfig:
    """What to run, how often, and what to look for.

    Attributes:
        notebook: absolute path.
        digest: SHA-256 of the notebook's cells.
        out: absolute path of the output folder.
        space: what varies.
        metric: the name of a claim; "section > name" where a name occurs in several sections.
        direction: "maximize" or "minimize".
        trials: how many trials to have at the end, failed ones included, interrupted ones not.
        storage: a path of a journal file, or a database URL.
        study: the study's name within the storage.
        sampler: "tpe" or "random".
        seed: of the sampler.
        fixed: what is set to one value in every trial.
        cell_seconds: limit for one cell, or None.
        keep_failed: count the trials that failed under an earlier command, instead of running them again.
    """

    notebook: Path
    digest: str
    out: Path
    space: SearchSpace
    metric: str
    direction: str
    trials: int
    storage: str
    study: str
    sampler: str = "tpe"
    seed: int = 0
    fixed: Mapping[str, Value] = field(default_factory=dict)
    cell_seconds: int | None = None
    keep_failed: bool = False

    @property
    def folder(self) -> Path:
        """Where executed notebooks go."""
        return self.out / "trials"

    @property
    def snapshot(self) -> Path:
        """The copy of the notebook that all trials run."""
        return self.folder / "notebook.ipynb"

    def identity(self) -> dict[str, Any]:
        """Return what must not change while trials are added to one study."""
        return {
            "notebook": self.digest,
            "-p": [describe(name, distribution) for name, distribution in self.space.items()],
            "--set": {name: self.fixed[name] for name in sorted(self.fixed)},
            f"--{self.direction}": self.metric,
            "--sampler": self.sampler,
            "--seed": self.seed,
        }
