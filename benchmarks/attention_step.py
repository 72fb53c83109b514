"""What does a training step of a small GPT cost, and what does the key-value cache save?

Three models: the GPT of the language-models chapter, a GPT made of PyTorch's own `nn.TransformerEncoder` with a causal
mask, and GPT-2 of the transformers library. Each has the same width, heads, blocks and vocabulary, uses its token
vectors for the logits, and has no dropout. All see the same tokens. A step is forward, loss, backward and AdamW.

They differ in the positions. The two peers learn a table, with as many places as a text of the benchmark has: 64
parameters for each place, so they have 3 % more parameters than ours at 64 tokens and 26 % more at 512. Ours turns its
queries and keys instead, which takes no parameters and some time. A column counts the parameters. A table costs next to
no time: it is added once, and AdamW changes it in one call with all the rest.

Arms take turns, in an order that moves on by one each time. A time is what the process computed, in seconds of the
processor (`time.process_time`), with one thread: what other programs do meanwhile disturbs it less than the time on the
clock. A ratio is the median over the turns of our time divided by that of the peer in the same turn: below 1, ours is
faster. The times beside it are medians, too, each over the turns of one model, so their quotient may differ a little
from the ratio. Each step reads 4096 tokens, cut into texts of 64 to 512. The loss of each after some steps on one batch
stands beside the times: each model learns.

A fourth arm is our GPT after `torch.compile`: its ratio is our plain time by the compiled one, so above 1 compiling
gains. Its first step at each length has a row of its own, timed by the clock, since the compiler is a program of its
own. The first two lengths compile: after the second, there is a program for every length. Divided by what a step gains,
their time tells after how many steps compiling pays.

Then our GPT writes texts of 64 to 512 tokens, with the cache and without.

Run with ``python benchmarks/attention_step.py``, in about twelve minutes; it needs a C++ compiler. A note on the
machine may follow, in quotes.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
import transformers
from report import write_report
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from helpers import models

TOKENS, WIDTH, HEADS, LAYERS = 374, 64, 4, 2
LENGTHS, IN_A_STEP, TURNS, STEPS = (64, 128, 256, 512), 4096, 41, 1
OURS, COMPILED = "GPT of the chapter", "GPT of the chapter, compiled"


class TorchGPT(nn.Module):
    """PyTorch's encoder with a causal mask, learned positions, and the token vectors used twice."""

    def __init__(self, places: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, WIDTH)
        self.embedding.weight.data.mul_(0.1)
        self.places = nn.Embedding(places, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, LAYERS, nn.LayerNorm(WIDTH), enable_nested_tensor=False)

    def forward(self, tokens: Tensor) -> Tensor:
        length = tokens.shape[1]
        x = self.embedding(tokens) + self.places.weight[:length]
        future = nn.Transformer.generate_square_subsequent_mask(length)
        return self.blocks(x, mask=future, is_causal=True) @ self.embedding.weight.T


class LibraryGPT(nn.Module):
    """GPT-2 of the transformers library, reduced to what it returns as logits."""

    def __init__(self, places: int) -> None:
        super().__init__()
        config = transformers.GPT2Config(
            vocab_size=TOKENS, n_positions=places, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False, bos_token_id=0, eos_token_id=0,
        )  # fmt: skip
        self.model = transformers.GPT2LMHeadModel(config)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.model(input_ids=tokens).logits


def our_gpt(places: int = 0) -> models.GPT:  # noqa: ARG001
    """Our GPT needs no table of places, so it takes any number of them."""
    return models.GPT(TOKENS, WIDTH, HEADS, LAYERS)


def compiled_gpt(places: int) -> models.GPT:
    model = our_gpt(places)
    model.compile()
    return model


BUILDS: dict[str, Callable[[int], nn.Module]] = {
    OURS: our_gpt,
    "nn.TransformerEncoder, causal mask": TorchGPT,
    "GPT2LMHeadModel (transformers)": LibraryGPT,
    COMPILED: compiled_gpt,
}


def make_steps(tokens: Tensor) -> tuple[dict[str, Callable[[], float]], dict[str, int]]:
    """Return for each model a function that takes some training steps and returns the last loss, and its size."""

    def stepper(model: nn.Module) -> Callable[[], float]:
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)

        def steps() -> float:
            for _ in range(STEPS):
                logits = model(tokens[:, :-1])
                loss = cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            return loss.item()

        return steps

    arms, sizes = {}, {}
    for name, build in BUILDS.items():
        torch.manual_seed(0)
        model = build(tokens.shape[1] - 1)
        arms[name] = stepper(model)
        sizes[name] = sum(p.numel() for p in model.parameters())
    return arms, sizes


def training_rows(length: int) -> list[list[str | float]]:
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(TOKENS, (IN_A_STEP // length, length + 1), generator=generator)
    arms, sizes = make_steps(tokens)
    losses, first_seconds = {}, {}
    for name, arm in arms.items():  # once to warm up, and to compile
        began = time.perf_counter()
        losses[name] = arm()
        first_seconds[name] = time.perf_counter() - began
    turns = []
    for turn in range(TURNS):
        order = list(arms)[turn % len(arms) :] + list(arms)[: turn % len(arms)]
        seconds = {}
        for name in order:
            began = time.process_time()
            losses[name] = arms[name]()
            seconds[name] = time.process_time() - began
        turns.append(seconds)
    rows: list[list[str | float]] = []
    for name in arms:
        ratio = statistics.median(turn[OURS] / turn[name] for turn in turns)
        per_step = statistics.median(turn[name] for turn in turns) / STEPS
        rows.append([f"training, {length} tokens", name, sizes[name], round(ratio, 2), per_step * 1e3, losses[name]])
    first = first_seconds[COMPILED] * 1e3
    rows.append([f"first step, {length} tokens", COMPILED, sizes[COMPILED], "", first, ""])
    return rows


@torch.inference_mode()
def seconds_to_write(model: models.GPT, length: int, *, cached: bool) -> float:
    tokens = torch.zeros(1, 1, dtype=torch.long)
    caches = models.empty_caches(model, 1)
    began = time.process_time()
    for place in range(length):
        logits = models.step_with_cache(model, tokens[:, -1:], place, caches) if cached else model(tokens)
        tokens = torch.cat([tokens, logits[:, -1].argmax(dim=1, keepdim=True)], dim=1)
    return time.process_time() - began


def writing_rows(length: int) -> list[list[str | float]]:
    torch.manual_seed(0)
    model = our_gpt().eval()
    turns = [
        (seconds_to_write(model, length, cached=True), seconds_to_write(model, length, cached=False)) for _ in "123"
    ]
    size = sum(p.numel() for p in model.parameters())
    ratio = statistics.median(fast / slow for fast, slow in turns)
    fast, slow = (statistics.median(times) for times in zip(*turns, strict=True))
    what = f"writing, {length} tokens"
    return [
        [what, "with the cache", size, 1.0, fast / length * 1e3, ""],
        [what, "without the cache", size, round(ratio, 2), slow / length * 1e3, ""],
    ]


def main(note: str = "") -> None:
    torch.set_num_threads(1)
    rows = [row for length in LENGTHS for row in training_rows(length)]
    rows += [row for length in LENGTHS for row in writing_rows(length)]
    columns = ["what", "model", "parameters", "our time as a multiple (median)", "ms per step or token", "loss"]
    write_report("attention_step", "Steps of a small GPT", columns, rows, peers=(torch, transformers), note=note)


if __name__ == "__main__":
    main(*sys.argv[1:])
