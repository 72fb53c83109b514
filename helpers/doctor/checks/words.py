"""A token that an embedding takes for padding although it stands between others: a word whose vector never learns."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import go_through_sample

FEW = 8  # occurrences


def check_padding_word(program: Program) -> Iterator[Finding]:
    """Look where the token of each ``padding_idx`` stands: padding stands at an end, a word between others."""
    for name, (layer, given) in _handed(program).items():
        number = int(layer.padding_idx or 0)
        here = sum(int((tokens == number).sum()) for tokens in given)
        alone = sum(int(_alone(tokens, number).sum()) for tokens in given)
        size = float(layer.weight[number].detach().norm())
        if here >= FEW and alone > 0.5 * here:
            yield found(
                "token-never-trained",
                f"{name} has padding_idx={number}, and {alone} of the {here} tokens {number} in {len(given)} batches "
                f"stand by themselves between others, as words do; its vector, of length {size:.2g}, gets no gradient",
                "suspicion",
            )
            return


def _alone(tokens: Tensor, number: int) -> Tensor:
    """True where the number stands with another token on either side."""
    same = tokens == number
    return same[:, 1:-1] & ~same[:, :-2] & ~same[:, 2:]


def _handed(program: Program) -> dict[str, tuple[nn.Embedding, list[Tensor]]]:
    """Return, by name, the embeddings that have a padding_idx, and the tokens (B, T) that each is given."""
    layers = {
        name: module
        for name, module in program.model.named_modules()
        if isinstance(module, nn.Embedding) and module.padding_idx is not None
    }
    given: dict[str, list[Tensor]] = {name: [] for name in layers}

    def note(name: str) -> Any:
        def hook(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
            if inputs and isinstance(inputs[0], Tensor) and inputs[0].dim() == 2 and inputs[0].shape[1] > 2:
                given[name].append(inputs[0].detach())

        return hook

    hooks = [layer.register_forward_pre_hook(note(name)) for name, layer in layers.items()]
    try:
        if layers:
            go_through_sample(program)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: (layers[name], tokens) for name, tokens in given.items() if tokens}
