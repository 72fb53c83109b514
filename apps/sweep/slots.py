"""A sampler whose random numbers depend on the seed and the trial's slot alone, not on what a process did before."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, TrialState

SAMPLERS: dict[str, Any] = {"tpe": TPESampler, "random": RandomSampler}


class SlotSampler(BaseSampler):
    """Passes every question on to a sampler that is seeded anew for each slot.

    Optuna's own samplers start over from their seed in each new process: a resumed sweep would repeat its first
    trials, and two workers would run the same ones.

    Args:
        name: "tpe" or "random".
        seed: 0 or more.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.seed = name, seed
        self._made: tuple[int, BaseSampler] = (-1, SAMPLERS[name](seed=seed))

    def _at(self, study: "Study", trial: "FrozenTrial") -> BaseSampler:
        from apps.sweep.study import slot_of

        if self._made[0] != trial.number:
            slot = slot_of(study.get_trials(deepcopy=False), trial.number)
            seed = int(np.random.SeedSequence([self.seed, slot]).generate_state(1)[0])
            self._made = (trial.number, SAMPLERS[self.name](seed=seed))
        return self._made[1]

    def infer_relative_search_space(self, study: "Study", trial: "FrozenTrial") -> "dict[str, BaseDistribution]":
        """See BaseSampler."""
        return self._at(study, trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: "Study", trial: "FrozenTrial", search_space: "dict[str, BaseDistribution]"
    ) -> dict[str, Any]:
        """See BaseSampler."""
        return self._at(study, trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: "Study", trial: "FrozenTrial", param_name: str, param_distribution: "BaseDistribution"
    ) -> Any:
        """See BaseSampler."""
        return self._at(study, trial).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: "Study", trial: "FrozenTrial", state: "TrialState", values: Sequence[float] | None
    ) -> None:
        """See BaseSampler."""
        self._at(study, trial).after_trial(study, trial, state, values)
