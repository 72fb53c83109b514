"""Figures that an evaluation may report: the right ones, and those that common mistakes report in their place."""

from collections.abc import Callable, Iterator

from torch import Tensor

Answers = tuple[list[Tensor], list[Tensor]]  # the outputs and labels of each batch
Figure = Callable[[list[Tensor], list[Tensor]], float]
FORMS: list[Callable[[float], float]] = [lambda v: v, lambda v: 100 * v, lambda v: 1 - v, lambda v: 100 - 100 * v]


def hits(pick: Callable[[Tensor], Tensor], by_batch: bool = False) -> Figure:
    """Return the share of labels that are picked; over all samples, or as a mean of the batches' means."""

    def figure(outs: list[Tensor], labels: list[Tensor]) -> float:
        means, sizes = [], []
        for out, label in zip(outs, labels, strict=True):
            picked = pick(out)
            right = picked == (label.reshape(picked.shape) if picked.dim() else label)
            means.append(float(right.float().sum()) / label.numel())
            sizes.append(1 if by_batch else label.numel())
        return sum(mean * size for mean, size in zip(means, sizes, strict=True)) / sum(sizes)

    return figure


def crossed(pick: Callable[[Tensor], Tensor], weigh: str) -> Figure:
    """Return how often guesses (B, 1) meet labels (B,), all with all; ``weigh`` the "sample", "batch" or "sum"."""

    def figure(outs: list[Tensor], labels: list[Tensor]) -> float:
        met, sizes = [], []
        for out, label in zip(outs, labels, strict=True):
            picked, size = pick(out), len(label)
            if picked.numel() != size or label.numel() != size:
                raise ValueError("one guess for each sample is compared")
            equal = float((picked.reshape(-1, 1) == label.reshape(1, -1)).float().sum())
            met.append(equal / (size if weigh == "sum" else size**2))
            sizes.append(1 if weigh == "batch" else size)
        return sum(mean * size for mean, size in zip(met, sizes, strict=True)) / sum(sizes)

    return figure


def right_figures(scores: bool | None) -> dict[str, Figure]:
    """Return what a right evaluation may say. ``scores``: one score with border 0, or a probability; None: unknown."""
    named = {"accuracy": hits(lambda out: out.argmax(1))}
    if scores is not False:
        named["accuracy of scores over 0"] = hits(lambda out: (out > 0).float())
    if scores is not True:
        named["accuracy of probabilities over 0.5"] = hits(lambda out: (out > 0.5).float())
    return named


def wrong_figures(scores: bool | None) -> Iterator[tuple[str, str, Figure]]:
    """Yield (cause, how it is made, figure) of mistakes."""
    axis = "evaluation-takes-wrong-axis"
    yield axis, "argmax over the whole batch", hits(lambda out: out.argmax())
    for other in (0, 2, 3):
        yield axis, f"argmax over axis {other}", hits(lambda out, other=other: out.argmax(other))  # type: ignore[misc]
        shares = hits(lambda out, other=other: out.softmax(other).argmax(1))  # type: ignore[misc]
        yield axis, f"softmax over axis {other}", shares
    averaged = "evaluation-averages-batches"
    yield averaged, "the mean of the batches' accuracies", hits(lambda out: out.argmax(1), by_batch=True)
    yield averaged, "the mean of the batches' accuracies", hits(lambda out: (out > 0).float(), by_batch=True)
    for how in ("sample", "batch", "sum"):
        for border in (0.0, 0.5):
            seen = f"the share of all pairs of a guess over {border:g} and a label of the batch that agree"
            over = crossed(lambda out, border=border: (out > border).float(), how)  # type: ignore[misc]
            yield "evaluation-broadcasts", seen, over
        seen = "the share of all pairs of a best class and a label of the batch that agree"
        yield "evaluation-broadcasts", seen, crossed(lambda out: out.argmax(1), how)
    if scores is True:
        yield "evaluation-threshold", "scores compared with 0.5", hits(lambda out: (out > 0.5).float())
    elif scores is False:
        yield "evaluation-threshold", "probabilities compared with 0", hits(lambda out: (out > 0).float())


def value_of(figure: Figure, answers: Answers) -> float:
    """Return the figure, or NaN where it cannot be made from such outputs."""
    try:
        return figure(*answers)
    except (RuntimeError, IndexError, ValueError):
        return float("nan")


def form_that_fits(figure: Figure, outs: list[Answers], reported: list[float]) -> Callable[[float], float] | None:
    """Return the form, a share, percent or an error, in which this figure is what was reported each time."""
    values = [value_of(figure, each) for each in outs]
    for form in FORMS:
        pairs = zip(values, reported, strict=True)
        if all(abs(form(value) - said) < 1e-4 * max(1.0, abs(said)) for value, said in pairs):
            return form
    return None
