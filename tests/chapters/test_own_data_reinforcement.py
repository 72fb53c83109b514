"""The program that learns to act in a world of one's own, from the reinforcement chapter, on small and odd worlds."""

import pytest
import torch

from tests.chapters import own_program

WALK = """
import gymnasium
import numpy as np


class World(gymnasium.Env):
    '''Six squares in a row; the goal is the last one, and actions are called {start} and {start} + 1.'''

    def __init__(self):
        self.observation_space = gymnasium.spaces.Discrete(6)
        self.action_space = {actions}

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.square = 2
        return self.square, {{}}

    def step(self, action):
        assert self.action_space.contains(action)
        self.square = min(max(self.square + 2 * (action - {start}) - 1, 0), 5)
        return self.square, -1.0, self.square == 5, False, {{}}
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("reinforcement", tmp_path_factory.mktemp("program") / "agent.py")


def world_file(folder, actions="gymnasium.spaces.Discrete(2)", start=0, name="世界.py"):
    path = folder / name
    path.write_text(WALK.format(actions=actions, start=start), encoding="utf-8")
    return path


def test_trains_and_plays_in_fresh_processes(file, tmp_path):
    trained = own_program.run(file, "train", world_file(tmp_path), tmp_path / "agent.pt")
    assert trained.returncode == 0, trained.stderr
    assert "6 numbers in a state, 2 actions" in trained.stdout
    played = own_program.run(file, "play", tmp_path / "agent.pt", "3")
    assert played.returncode == 0, played.stderr
    assert played.stdout == "3 steps, sum of rewards -3\n"


def test_the_command_line_answers_in_one_sentence(file, tmp_path):
    done = own_program.answer(file, "train", tmp_path / "missing.py", tmp_path / "agent.pt")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [f"There is no file {tmp_path / 'missing.py'}. Check the path."]


def test_actions_that_do_not_begin_at_zero(program, tmp_path, capsys):
    path = world_file(tmp_path, "gymnasium.spaces.Discrete(2, start=5)", start=5)
    program.train_in_world(path, tmp_path / "agent.pt", rounds=1)
    program.play_episode(tmp_path / "agent.pt", "0")
    assert "steps, sum of rewards" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a file", "CliffWalking-v1"])
def test_a_world_without_a_clock_gets_one(program, tmp_path, name):
    if name == "a file":
        name = str(world_file(tmp_path))
    world = program.make_world(name)
    world.reset(seed=0)
    ends = [world.step(0)[2:4] for _ in range(500)]
    assert ends[-1] == (False, True)
    assert not any(truncated for _, truncated in ends[:-1])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "gives no World: module 'own_world' has no attribute 'World'"),
        ("1 / 0", "gives no World: division by zero"),
        ("this is no Python", "gives no World: invalid syntax"),
        (WALK.format(actions="gymnasium.spaces.Box(-1, 1)", start=0), "are not a Discrete space"),
    ],
)
def test_files_that_cannot_be_used(program, tmp_path, text, sentence):
    path = tmp_path / "world.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=sentence):
        program.make_world(str(path))


@pytest.mark.parametrize("name", ["CartPool-v1", "", "no/such:World-v0"])
def test_names_that_gymnasium_does_not_know(program, name):
    with pytest.raises(ValueError, match="Gymnasium does not give"):
        program.make_world(name)


def test_nothing_is_trained_for_a_file_that_cannot_be_written(program, tmp_path):
    with pytest.raises(ValueError, match="Make it first"):
        program.train_in_world("CartPole-v1", tmp_path / "nowhere" / "agent.pt")


@pytest.mark.parametrize("content", [b"", b"not an agent", None])
def test_a_file_that_is_no_agent_is_named(program, tmp_path, content):
    if content is not None:
        (tmp_path / "agent.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"agent\.pt"):
        program.play_episode(tmp_path / "agent.pt", "1")


def test_a_seed_is_a_whole_number(program, tmp_path):
    program.train_in_world("CartPole-v1", tmp_path / "agent.pt", rounds=1)
    with pytest.raises(ValueError, match="whole number"):
        program.play_episode(tmp_path / "agent.pt", "one")


def test_the_clock_does_not_end_the_value_but_a_fall_does(program):
    """The critic's targets: what follows counts after the clock's last step, and not after a fall."""
    agent = program.new_agent(1, 2)
    for parameter in agent.parameters():
        parameter.data.zero_()
    agent["critic"][2].bias.data.fill_(10.0)  # every state is worth ten
    seen = {}

    class Optimizer:
        def zero_grad(self):
            pass

        def step(self):
            pass

    def keep(guesses, targets):
        seen.setdefault("targets", targets.clone())
        return (guesses - targets).square().mean()

    one_step = {name: torch.zeros(1, 2) for name in ("rewards", "terminated", "ended")}
    one_step["ended"][:] = 1.0
    one_step["terminated"][0, 0] = 1.0
    one_step |= {"states": torch.zeros(1, 2, 1), "reached": torch.zeros(1, 2, 1)}
    one_step["actions"] = torch.zeros(1, 2, dtype=torch.long)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program.nn.functional, "smooth_l1_loss", keep)
        patch.setattr(torch, "randperm", lambda count: torch.arange(count))
        patch.setattr(torch.Tensor, "chunk", lambda tensor, _count: (tensor,))
        program.improve(agent, Optimizer(), one_step, discount=0.9)
    assert seen["targets"].tolist() == pytest.approx([0.0, 9.0])
