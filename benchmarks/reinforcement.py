"""The reinforcement chapter's actor and critic beside the PPO of stable-baselines3, on Gymnasium's CartPole-v1.

Every arm takes as many steps as the chapter (51,200 of a cart, for each training) and trains an actor and a critic of
two hidden layers with 64 tanh units. stable-baselines3 runs twice: with the chapter's settings, and with the settings
that its own collection (rl-baselines3-zoo) has tuned for this world. The chapter's code is read from its cells, and
runs in three ways. In the first it steps through sixteen copies of Gymnasium's own world, one after the other, as
stable-baselines3 does: the same world, settings, steps and network. In the other two it moves the carts as tensors, by
formulas that the chapter compares with Gymnasium's. A last arm is the program of "On your own data", with settings of
its own: eight copies of Gymnasium's world, a smaller learning rate, a shared first layer, another loss of the critic.

The judge is the same for all: 100 fresh episodes of Gymnasium's own world for each training, the more probable action.
Arms take turns, one training each; a ratio is the median over the turns of the time of stable-baselines3 with the
chapter's settings, divided by the arm's. One thread. The time is told twice: the processor's own for this process, to
which others who use the machine hardly add, and that of the clock on the wall. What eight trainings side by side take
is divided by eight.

Run with ``python benchmarks/reinforcement.py``, in about four minutes.
"""

import contextlib
import io
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import stable_baselines3
import torch
from chapter_code import definitions, parameters
from report import write_report
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from torch import nn

WORLD = "CartPole-v1"
TURNS = 5
EPISODES = 100  # fresh ones that judge each training
PARAMETERS = parameters("reinforcement")
TAUGHT = {"STEPS", "ROUND_STEPS", "new_generator", "uniform", "push", "has_fallen", "Carts", "SideBySide"}
TAUGHT |= {"new_network", "pick", "advantages_of", "draw_actions", "play", "log_probabilities", "evaluate_round"}
TAUGHT |= {"actor_loss", "learn_from", "values_of_states"}
PROGRAM = {"read_world", "make_world", "new_agent", "think", "observe", "step_worlds", "collect", "evaluate"}
PROGRAM |= {"improve", "train_in_world"}
Policy = Callable[[np.ndarray], np.ndarray]  # states (B, 4) -> actions (B,)

THEIRS, TUNED = "stable-baselines3, the chapter's settings", "stable-baselines3, its tuned settings"
ALONE, TOGETHER = "the chapter, one training alone", f"the chapter, {PARAMETERS['trials']} trainings side by side"
ON_GYMNASIUM = "the chapter, on Gymnasium's own world"
PROGRAM_ARM = "the program of On your own data"


class GymnasiumCarts:
    """Copies of Gymnasium's world behind the interface of the chapter's Carts, for one training: (1, carts, ...)."""

    inputs, actions, pay = 4, 2, 1.0

    def __init__(self, shape: tuple[int, int], generator: torch.Generator) -> None:
        same_step = {"autoreset_mode": gymnasium.vector.AutoresetMode.SAME_STEP}
        self.worlds = gymnasium.make_vec(WORLD, shape[1], vectorization_mode="sync", vector_kwargs=same_step)
        states, _ = self.worlds.reset(seed=generator.initial_seed())
        self.states = torch.tensor(states)[None]

    def step(self, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the states reached, before any new start, where the pole fell, and where episodes ended."""
        states, _, terminated, truncated, remarks = self.worlds.step(actions[0].numpy())
        ended = terminated | truncated
        reached = states.copy()
        for cart in np.flatnonzero(ended):  # here `states` holds the new start already
            reached[cart] = remarks["final_obs"][cart]
        self.states = torch.tensor(states)[None]
        return torch.tensor(reached)[None], torch.tensor(terminated)[None], torch.tensor(ended)[None]


def chapter(trials: int, seed: int) -> dict[str, Any]:
    run = SimpleNamespace(device=torch.device("cpu"), seed=seed)
    return definitions("reinforcement", TAUGHT | {"train_actor"}, PARAMETERS | {"run": run, "trials": trials})


def steps() -> int:
    return PARAMETERS["rounds"] * chapter(1, 0)["ROUND_STEPS"] * PARAMETERS["carts"]


def train_ours(seed: int, trials: int, world_class: type | None = None) -> list[Policy]:
    names = chapter(trials, 1000 * seed)
    actor, _, _ = names["train_actor"](world_class=world_class or names["Carts"])

    def policy(states: np.ndarray, trial: int) -> np.ndarray:
        rows = torch.tensor(states).expand(trials, *states.shape)
        return actor(rows)[trial].argmax(dim=-1).numpy()

    return [lambda states, trial=trial: policy(states, trial) for trial in range(trials)]


def train_theirs(seed: int) -> list[Policy]:
    rate, carts, round_steps = PARAMETERS["lr"], PARAMETERS["carts"], chapter(1, 0)["ROUND_STEPS"]
    settings = {"n_steps": round_steps, "batch_size": round_steps * carts // 4, "n_epochs": 4}
    settings |= {"gae_lambda": PARAMETERS["fading"], "clip_range": PARAMETERS["clip_range"]}
    # the chapter adds a hundredth of the critic's loss, and leaves every gradient as long as it is
    settings |= {"gamma": PARAMETERS["gamma"], "vf_coef": 0.01, "max_grad_norm": math.inf}
    return train_peer(seed, carts, settings | {"learning_rate": lambda left: rate * left})


def train_tuned(seed: int) -> list[Policy]:
    settings = {"n_steps": 32, "batch_size": 256, "n_epochs": 20, "gae_lambda": 0.8, "gamma": 0.98}
    falling = {"learning_rate": lambda left: 0.001 * left, "clip_range": lambda left: 0.2 * left}
    return train_peer(seed, 8, settings | falling)


def train_peer(seed: int, carts: int, settings: dict[str, Any]) -> list[Policy]:
    model = PPO("MlpPolicy", make_vec_env(WORLD, carts, seed=seed), seed=seed, device="cpu", **settings)
    for part in (model.policy.mlp_extractor.policy_net, model.policy.mlp_extractor.value_net):
        widths = [layer.out_features for layer in part if isinstance(layer, nn.Linear)]
        assert widths == [PARAMETERS["width"]] * 2, f"layers of {widths} units are not the chapter's"
        assert isinstance(part[1], nn.Tanh), f"{part[1]} is not the chapter's"
    model.learn(steps())
    assert model.num_timesteps == steps(), f"{model.num_timesteps} steps, and not {steps()}"
    return [lambda states: model.predict(states, deterministic=True)[0]]


def train_program(seed: int) -> list[Policy]:
    names = definitions("reinforcement", PROGRAM, {})
    names["torch"].manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        file = Path(folder) / "agent.pt"
        names["train_in_world"](WORLD, file, rounds=steps() // (8 * 64), seed=seed)
        saved = torch.load(file, weights_only=True)
    agent = names["new_agent"](*saved["sizes"])
    agent.load_state_dict(saved["weights"])
    return [lambda states: names["think"](agent, torch.tensor(states))[0].argmax(dim=1).numpy()]


ARMS: dict[str, Callable[[int], list[Policy]]] = {
    THEIRS: train_theirs,
    TUNED: train_tuned,
    ON_GYMNASIUM: lambda seed: train_ours(seed, 1, GymnasiumCarts),
    ALONE: lambda seed: train_ours(seed, 1),
    TOGETHER: lambda seed: train_ours(seed, PARAMETERS["trials"]),
    PROGRAM_ARM: train_program,
}


@torch.no_grad()
def judge(policy: Policy, seed: int) -> float:
    """Return the mean return of fresh episodes in Gymnasium's own world."""
    world = gymnasium.make_vec(WORLD, num_envs=EPISODES, vectorization_mode="vector_entry_point")
    states, _ = world.reset(seed=10_000 + seed)
    playing, returns = np.ones(EPISODES, dtype=bool), np.zeros(EPISODES)
    while playing.any():
        states, rewards, terminated, truncated, _ = world.step(policy(states))
        returns += rewards * playing
        playing &= ~terminated & ~truncated
    return float(returns.mean())


Measured = dict[str, list[float]]  # for each arm, one number of each training


def measure() -> tuple[Measured, Measured, Measured]:
    """Return the mean returns, the processor's seconds and the clock's seconds of each training, by arm."""
    returns: Measured = {name: [] for name in ARMS}
    seconds: Measured = {name: [] for name in ARMS}
    by_clock: Measured = {name: [] for name in ARMS}
    for turn in range(TURNS):
        order = list(ARMS)[turn % len(ARMS) :] + list(ARMS)[: turn % len(ARMS)]  # no arm always follows the same one
        for name in order:
            began, clock_began = time.process_time(), time.perf_counter()
            policies = ARMS[name](turn)
            seconds[name].append((time.process_time() - began) / len(policies))
            by_clock[name].append((time.perf_counter() - clock_began) / len(policies))
            if name != TOGETHER or turn == 0:  # its eight trainings are enough
                returns[name] += [judge(policy, turn) for policy in policies]
    return returns, seconds, by_clock


def times_as_fast(seconds: Measured, name: str) -> float:
    """Return the median over the turns of the peer's time divided by the arm's."""
    return statistics.median(theirs / own for theirs, own in zip(seconds[THEIRS], seconds[name], strict=True))


def main() -> None:
    torch.set_num_threads(1)
    returns, seconds, by_clock = measure()
    solved = gymnasium.spec(WORLD).reward_threshold or math.inf
    rows: list[list[str | float]] = []
    for name in ARMS:
        reached = returns[name]
        error = statistics.stdev(reached) / math.sqrt(len(reached))
        solvers = f"{sum(value >= solved for value in reached)} of {len(reached)}"
        ratio = statistics.mean(reached) / statistics.mean(returns[THEIRS])
        rows.append([name, statistics.mean(reached), error, ratio, solvers])
        for measured in (seconds, by_clock):
            rows[-1] += [times_as_fast(measured, name), statistics.median(measured[name])]
    columns = ["arm", "return, mean of 100 episodes", "standard error over trainings", "return / the peer's"]
    columns += [f"trainings with {solved:.0f} or more", "times as fast (median)", "seconds for one training"]
    columns += ["times as fast by the clock (median)", "seconds by the clock"]
    peers = (torch, gymnasium, stable_baselines3)
    title = f"PPO on {WORLD}, {steps():,} steps"
    write_report("reinforcement", title, columns, rows, peers=peers)


if __name__ == "__main__":
    main()
