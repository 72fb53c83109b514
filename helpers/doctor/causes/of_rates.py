"""Causes that lie in the learning rate, its schedule, and the size of a step."""

from helpers.doctor.causes.cause import Cause

RATE_CAUSES = (
    # steps/
    Cause(
        "schedule-wrong-way",
        "the rate is cut while training improves",
        "pass mode='max' to ReduceLROnPlateau for a score that should rise",
        hides=("rate-gone-early",),
    ),
    Cause(
        "rate-gone-early",
        "the rate is near zero long before training ends",
        "step the scheduler once in the unit that it counts, or give it the whole number of steps",
    ),
    Cause(
        "rate-never-falls",
        "a scheduler that is never stepped does nothing",
        "call scheduler.step() after optimizer.step()",
    ),
    Cause(
        "schedule-of-another-optimizer",
        "the rate of the optimizer in use stays as it is",
        "make the scheduler from the optimizer that is stepped",
    ),
    Cause(
        "schedule-before-step",
        "the first rate of the schedule is skipped",
        "call scheduler.step() after optimizer.step()",
    ),
    Cause(
        "loss-summed",
        "each step is as many times as long as a batch has samples, and another batch size asks for another rate",
        "take the mean, as in nn.CrossEntropyLoss() without reduction='sum', or divide by the number of samples",
        hides=("rate-too-high", "outputs-collapse", "cannot-memorize-batch", "majority-only", "weights-do-not-move"),
    ),
    Cause(
        "rate-too-high",
        "the first steps throw the weights so far that units die or the loss only grows",
        "divide the rate by 10 until the loss falls",
        hides=("outputs-collapse", "cannot-memorize-batch", "majority-only", "weights-do-not-move"),
    ),
    Cause(
        "rate-grows",
        "a rate that grows without end throws the weights about",
        "choose a gamma below 1, or a schedule that ends",
        hides=("rate-too-high",),
    ),
    Cause(
        "weight-decay-too-strong",
        "the decay pulls the weights to zero faster than the loss pulls them anywhere",
        "lower weight_decay: 1e-4 is usual for SGD, 0.01 for AdamW",
        hides=("outputs-collapse", "cannot-memorize-batch", "majority-only", "rate-too-high"),
    ),
    Cause(
        "outputs-collapse",
        "all samples get the same answer, where the loss has no gradient left that could tell them apart",
        "lower the rate; for a triplet loss, average over all triplets that cost something, not the hardest",
        hides=("cannot-memorize-batch",),
    ),
)
