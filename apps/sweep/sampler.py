"""A sampler whose random numbers depend on the seed and the trial alone, not on what a process did before."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState

SAMPLERS: dict[str, Any] = {"tpe": TPESampler, "random": RandomSampler}


def original_number(trial: FrozenTrial) -> int:
    """Return the number of the trial that this one runs again; its own if it is the first of its kind."""
    first = RetryHeartbeatStaleTrialCallback.retried_trial_number(trial)
    return trial.number if first is None else first


class SeededSampler(BaseSampler):
    """Passes every question on to a sampler that is seeded anew for each trial.

    Optuna's own samplers start over from their seed in each new process: a resumed sweep would repeat its first
    trials, and two processes would run the same ones. Trials that run another one again are not numbered, so that an
    interrupted sweep goes on with the very settings that it would have had.

    Args:
        name: "tpe" or "random".
        seed: 0 or more.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.seed = name, seed
        self._seeded: tuple[int, BaseSampler] = (-1, SAMPLERS[name](seed=seed))

    def _for(self, study: Study, trial: FrozenTrial) -> BaseSampler:
        if self._seeded[0] != trial.number:
            first = original_number(trial)
            before = study.get_trials(deepcopy=False)[:first]
            index = sum(original_number(other) == other.number for other in before)
            seed = int(np.random.SeedSequence([self.seed, index]).generate_state(1)[0])
            self._seeded = (trial.number, SAMPLERS[self.name](seed=seed))
        return self._seeded[1]

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """See BaseSampler."""
        return self._for(study, trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See BaseSampler."""
        return self._for(study, trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """See BaseSampler."""
        return self._for(study, trial).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """See BaseSampler."""
        self._for(study, trial).after_trial(study, trial, state, values)
