"""Parameters that the model, or the optimizer, does not know of."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.running import trainable


def check_registration(program: Program) -> Iterator[Finding]:
    """Compare the weights at which the graph of the loss ends, in two passes, with those that the model holds."""
    batch = program.sample[0]
    first, again = (list(leaves(loss_of(program, batch))) for _ in range(2))
    registered = {id(parameter) for parameter in program.model.parameters()}
    strange = [leaf for leaf in first if isinstance(leaf, nn.Parameter) and id(leaf) not in registered]
    in_both = {id(leaf) for leaf in again}
    fresh = [leaf for leaf in strange if id(leaf) not in in_both]
    if fresh:
        shapes = ", ".join(str(tuple(leaf.shape)) for leaf in fresh[:3])
        yield found(
            "layer-made-in-forward",
            f"{_count(fresh)} weights ({shapes}) of one forward pass are replaced by new ones in the next",
        )
    hidden = {id(leaf) for leaf in _hidden_in(program.model)}
    lost = [leaf for leaf in strange if id(leaf) in in_both and id(leaf) in hidden]
    if lost:
        yield found(
            "layers-not-registered",
            f"the loss depends on {_count(lost)} weights that model.parameters() lacks; it holds {_total(program)}",
            "suspicion" if _held(program) >= {id(leaf) for leaf in lost} else "fault",
        )


def check_optimizer(program: Program) -> Iterator[Finding]:
    """Compare what the optimizer holds with what the loss gives a gradient to."""
    held, wanted = _held(program), trainable(program)
    if wanted and not held & {id(parameter) for parameter in wanted.values()}:
        known = held & {id(parameter) for parameter in program.model.parameters()}
        if not known:
            yield found(
                "optimizer-of-another-model",
                f"the optimizer holds {len(held)} parameters, none of the model's {len(wanted)} trainable ones",
            )
            return
    graded = _graded(program) if program.has_loss else {id(parameter) for parameter in wanted.values()}
    missed = {name: p for name, p in wanted.items() if id(p) in graded and id(p) not in held}
    if missed:
        named = ", ".join(list(missed)[:3]) + (" ..." if len(missed) > 3 else "")
        yield found(
            "optimizer-misses-parameters",
            f"{len(missed)} of {len(wanted)} trainable parameters ({named}) get a gradient but no optimizer holds them",
            "suspicion" if _only_the_end_is_trained(wanted, held) else "fault",
        )


def _only_the_end_is_trained(wanted: dict[str, nn.Parameter], held: set[int]) -> bool:
    """True where all that is missed comes before all that is trained: perhaps a head is trained on purpose."""
    trained = [id(parameter) in held for parameter in wanted.values()]
    return trained == sorted(trained)


def _graded(program: Program) -> set[int]:
    return {id(leaf) for batch in program.sample[:4] for leaf in leaves(loss_of(program, batch))}


def _held(program: Program) -> set[int]:
    return {id(p) for optimizer in program.optimizers for group in optimizer.param_groups for p in group["params"]}


def _count(parameters: list[Any]) -> int:
    return sum(parameter.numel() for parameter in parameters)


def _total(program: Program) -> int:
    return _count(list(program.model.parameters()))


def _hidden_in(model: nn.Module) -> Iterator[nn.Parameter]:
    """Yield the parameters of modules that a model keeps in lists, tuples, dicts or objects that are no modules."""
    todo: list[Any] = [vars(module) for module in model.modules()]
    seen: set[int] = set()
    while todo and len(seen) < 10_000:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, nn.Module):
            yield from thing.parameters()
        elif isinstance(thing, nn.Parameter):
            yield thing
        elif isinstance(thing, dict):
            todo += list(thing.values())
        elif isinstance(thing, (list, tuple, set)):
            todo += list(thing)


def leaves(loss: Tensor) -> Iterator[Tensor]:
    """Yield each tensor at which the graph of the loss ends and where a gradient would be left."""
    todo, seen = [loss.grad_fn], set()
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            yield node.variable
        todo += [follower for follower, _ in node.next_functions]
