"""Causes that lie in the training step: what it clears, adds up, clips and moves, and the schedule."""

from helpers.doctor.causes.cause import Cause

STEP = "what-a-step-does"
RATE = "the-rate"

STEP_CAUSES = (
    # steps/: seen by the recorder
    Cause(
        "zero-grad-missing",
        "the gradients of all earlier batches are added to the one due",
        "call optimizer.zero_grad() before loss.backward()",
        STEP,
        hides=("rate-too-high",),
    ),
    Cause(
        "other-network-leftovers",
        "the step also follows what another network's loss left in the gradients",
        "call zero_grad() on this network's optimizer right before its own backward",
        STEP,
        hides=("zero-grad-missing",),
    ),
    Cause(
        "zero-grad-in-every-microbatch",
        "only the last microbatch of each step counts",
        "call optimizer.zero_grad() once for each optimizer.step()",
        STEP,
        hides=("gradient-not-averaged",),
    ),
    Cause(
        "zero-grad-before-step",
        "the step finds no gradient, so that nothing is learned",
        "call optimizer.zero_grad() after optimizer.step(), or before loss.backward()",
        STEP,
        hides=("weights-do-not-move", "nothing-moves"),
    ),
    Cause(
        "gradient-not-averaged",
        "the sum over microbatches acts as a rate that many times too high",
        "divide: (loss / accumulate).backward()",
        STEP,
    ),
    Cause(
        "clipped-before-unscaling",
        "the gradients are clipped while multiplied by the loss scale, and nearly vanish when it is taken out",
        "call scaler.unscale_(optimizer) before clip_grad_norm_",
        STEP,
        hides=("gradient-differs",),
    ),
    Cause(
        "clipping-after-step",
        "clipping what has been used already does nothing",
        "call clip_grad_norm_ between backward() and step()",
        STEP,
    ),
    Cause(
        "gradient-differs",
        "the step does not follow the gradient of its own loss",
        "look at what changes .grad between backward() and step()",
        STEP,
    ),
    Cause(
        "step-never-called",
        "the gradients are computed and never used",
        "call optimizer.step() after loss.backward()",
        STEP,
        hides=("weights-do-not-move",),
    ),
    Cause(
        "backward-never-called",
        "without backward() there is no gradient to follow",
        "call loss.backward() before optimizer.step()",
        STEP,
        hides=("weights-do-not-move", "step-never-called"),
    ),
    Cause(
        "trained-in-eval-mode",
        "dropout does nothing and BatchNorm never adapts to the data",
        "call model.train() at the start of each epoch",
        STEP,
        hides=("evaluation-leaves-eval-mode", "train-eval-apart", "rate-too-high", "outputs-not-finite"),
    ),
    Cause(
        "target-is-the-same-object",
        "the target moves with every step of the network that chases it",
        "make a copy: target = copy.deepcopy(model).requires_grad_(False)",
        STEP,
        hides=("target-never-updated", "gradient-through-target"),
    ),
    Cause(
        "target-never-updated",
        "the target stays at its random start",
        "call target.load_state_dict(model.state_dict()) every so many steps",
        STEP,
    ),
    Cause(
        "gradient-through-target",
        "the loss can be lowered by moving the target",
        "compute the target under torch.no_grad()",
        STEP,
        hides=("target-never-updated",),
    ),
    Cause(
        "weights-do-not-move",
        "weights that stay as they started learn nothing",
        "check requires_grad, the optimizer's parameters and the rate",
        STEP,
    ),
    Cause(
        "nothing-moves",
        "training changes nothing",
        "check the rate, optimizer.step() and what the optimizer holds",
        STEP,
        hides=("weights-do-not-move",),
    ),
    Cause(
        "layers-share-weights",
        "two layers that should differ are one",
        "make each layer anew, or copy.deepcopy it",
        STEP,
    ),
    # steps/: the rate and its schedule
    Cause(
        "schedule-wrong-way",
        "the rate is cut while training improves",
        "pass mode='max' to ReduceLROnPlateau for a figure that should rise",
        RATE,
        hides=("rate-gone-early",),
    ),
    Cause(
        "rate-gone-early",
        "the rate is near zero long before training ends",
        "step the scheduler once in the unit that it counts, or give it the whole number of steps",
        RATE,
    ),
    Cause(
        "rate-never-falls",
        "a scheduler that is never stepped does nothing",
        "call scheduler.step() after optimizer.step()",
        RATE,
    ),
    Cause(
        "schedule-of-another-optimizer",
        "the rate of the optimizer in use stays as it is",
        "make the scheduler from the optimizer that is stepped",
        RATE,
    ),
    Cause(
        "schedule-before-step",
        "the first rate of the schedule is skipped",
        "call scheduler.step() after optimizer.step()",
        RATE,
    ),
    Cause(
        "loss-summed",
        "each step is as many times as long as a batch has samples, and another batch size asks for another rate",
        "take the mean, as in nn.CrossEntropyLoss() without reduction='sum', or divide by the number of samples",
        RATE,
        hides=("rate-too-high", "outputs-collapse", "cannot-memorize-batch", "majority-only", "weights-do-not-move"),
    ),
    Cause(
        "rate-too-high",
        "the first steps throw the weights so far that units die or the loss only grows",
        "divide the rate by 10 until the loss falls",
        RATE,
        hides=("outputs-collapse", "cannot-memorize-batch", "majority-only", "weights-do-not-move"),
    ),
    Cause(
        "rate-grows",
        "a rate that grows without end throws the weights about",
        "choose a gamma below 1, or a schedule that ends",
        RATE,
        hides=("rate-too-high",),
    ),
    Cause(
        "weight-decay-too-strong",
        "the decay pulls the weights to zero faster than the loss pulls them anywhere",
        "lower weight_decay: 1e-4 is usual for SGD, 0.01 for AdamW",
        RATE,
        hides=("outputs-collapse", "cannot-memorize-batch", "majority-only", "rate-too-high"),
    ),
    Cause(
        "outputs-collapse",
        "all samples get the same answer, where the loss has no gradient left that could tell them apart",
        "lower the rate; for a triplet loss, average over all triplets that cost something, not the hardest",
        RATE,
        hides=("cannot-memorize-batch",),
    ),
)
