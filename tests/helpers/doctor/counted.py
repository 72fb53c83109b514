"""How many steps an examination takes with the optimizer of a program."""

from contextlib import contextmanager

from torch.optim.optimizer import register_optimizer_step_post_hook

from tests.helpers.doctor.state import values

USUAL = 80  # steps of most examinations
MOST = 320  # where something looks wrong
WAITING = 550  # where a target network is waited for


@contextmanager
def counted_steps(given):
    """Count the steps of each optimizer of the program inside."""
    steps = {id(optimizer): 0 for optimizer in values(given.get("optimizer"))}

    def note(optimizer, *_):
        if id(optimizer) in steps:
            steps[id(optimizer)] += 1

    handle = register_optimizer_step_post_hook(note)
    try:
        yield steps
    finally:
        handle.remove()


def assert_few(taken, waiting=()):
    """Compare the steps by program's name with what ``examine`` says, and print the highest."""
    name = max(taken, key=taken.get)
    print(
        f"at most {taken[name]} steps, in {name}; half of {len(taken)} take {sorted(taken.values())[len(taken) // 2]}"
    )
    assert sorted(taken.values())[len(taken) // 2] <= USUAL
    assert [one for one, count in taken.items() if count > (WAITING if one in waiting else MOST)] == []
