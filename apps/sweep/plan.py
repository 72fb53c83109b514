"""The plan of a sweep: everything that a worker process needs to know, as plain data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from apps.sweep.space import Axis, Value


@dataclass(frozen=True)
class Plan:
    """What to run, how often, and what to look for.

    Attributes:
        notebook: absolute path.
        digest: SHA-256 of the notebook's cells.
        out: absolute path of the output folder.
        axes: what varies.
        fixed: what is set to one value in every trial.
        goal: the name of a claim; "section > name" where a name occurs in several sections.
        direction: "maximize" or "minimize".
        trials: how many trials to have at the end, failed ones included, interrupted ones not.
        storage: a path of a journal file, or a database URL.
        study: the study's name within the storage.
        sampler: "tpe" or "random".
        seed: of the sampler.
        cell_seconds: limit for one cell, or None.
    """

    notebook: str
    digest: str
    out: str
    axes: Sequence[Axis]
    goal: str
    direction: str
    trials: int
    storage: str
    study: str
    sampler: str = "tpe"
    seed: int = 0
    fixed: Mapping[str, Value] = field(default_factory=dict)
    cell_seconds: int | None = None

    @property
    def folder(self) -> Path:
        """Where executed notebooks go."""
        return Path(self.out) / "trials"

    @property
    def kept(self) -> Path:
        """The copy of the notebook that all trials run."""
        return self.folder / "notebook.ipynb"

    def identity(self) -> dict[str, Any]:
        """Return what must not change while trials are added to one study."""
        return {
            "notebook": self.digest,
            "-p": [f"{axis.name} {axis.kind} {' '.join(map(str, axis.values))}" for axis in self.axes],
            "--set": {name: self.fixed[name] for name in sorted(self.fixed)},
            f"--{self.direction}": self.goal,
            "--sampler": self.sampler,
            "--seed": self.seed,
        }

    def to_json(self) -> str:
        """Return the plan as text, for a worker's command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read what ``to_json`` wrote."""
        content = json.loads(text)
        axes = [Axis(axis["name"], axis["kind"], tuple(axis["values"])) for axis in content.pop("axes")]
        return cls(axes=axes, **content)
