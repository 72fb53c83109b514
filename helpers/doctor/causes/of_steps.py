"""Causes that lie in the training step: what it clears, adds up, clips and moves."""

from helpers.doctor.causes.cause import Cause

STEP_CAUSES = (
    # steps/: seen by the recorder
    Cause(
        "zero-grad-missing",
        "the gradients of all earlier batches are added to the one due",
        "call optimizer.zero_grad() before loss.backward()",
        hides=("rate-too-high",),
    ),
    Cause(
        "other-network-leftovers",
        "the step also follows what another network's loss left in the gradients",
        "call zero_grad() on this network's optimizer right before its own backward",
        hides=("zero-grad-missing",),
    ),
    Cause(
        "zero-grad-in-every-microbatch",
        "only the last microbatch of each step counts",
        "call optimizer.zero_grad() once for each optimizer.step()",
        hides=("gradient-not-averaged",),
    ),
    Cause(
        "zero-grad-before-step",
        "the step finds no gradient, so that nothing is learned",
        "call optimizer.zero_grad() after optimizer.step(), or before loss.backward()",
        hides=("weights-do-not-move", "nothing-moves"),
    ),
    Cause(
        "gradient-not-averaged",
        "the sum over microbatches acts as a rate that many times too high",
        "divide: (loss / accumulate).backward()",
    ),
    Cause(
        "clipped-before-unscaling",
        "the gradients are clipped while multiplied by the loss scale, and nearly vanish when it is taken out",
        "call scaler.unscale_(optimizer) before clip_grad_norm_",
        hides=("gradient-differs", "nothing-moves"),
    ),
    Cause(
        "clipping-after-step",
        "clipping what has been used already does nothing",
        "call clip_grad_norm_ between backward() and step()",
    ),
    Cause(
        "gradient-differs",
        "the step does not follow the gradient of its own loss",
        "look at what changes .grad between backward() and step()",
    ),
    Cause(
        "step-never-called",
        "the gradients are computed and never used",
        "call optimizer.step() after loss.backward()",
        hides=("weights-do-not-move",),
    ),
    Cause(
        "backward-never-called",
        "without backward() there is no gradient to follow",
        "call loss.backward() before optimizer.step()",
        hides=("weights-do-not-move", "step-never-called"),
    ),
    Cause(
        "trained-in-eval-mode",
        "dropout does nothing and BatchNorm never adapts to the data",
        "call model.train() at the start of each epoch",
        hides=(
            "evaluation-leaves-eval-mode",
            "train-eval-apart",
            "rate-too-high",
            "outputs-not-finite",
            "inputs-badly-scaled",
        ),
    ),
    Cause(
        "target-is-the-same-object",
        "the target moves with every step of the network that chases it",
        "make a copy: target = copy.deepcopy(model).requires_grad_(False)",
        hides=("target-never-updated", "gradient-through-target"),
    ),
    Cause(
        "target-never-updated",
        "the target stays at its random start",
        "call target.load_state_dict(model.state_dict()) every so many steps",
    ),
    Cause(
        "gradient-through-target",
        "the loss can be lowered by moving the target",
        "compute the target under torch.no_grad()",
        hides=("target-never-updated",),
    ),
    Cause(
        "optimizer-made-anew",
        "the averages of earlier gradients, by which momentum and Adam step, are lost each time",
        "make the optimizer once, before the loop",
    ),
    Cause(
        "graph-kept",
        "each step leaves its graph behind, so that memory grows until it is full",
        "add up numbers: total += loss.item(), or loss.detach()",
    ),
    Cause(
        "weights-do-not-move",
        "weights that stay as they started learn nothing",
        "check requires_grad, the optimizer's parameters and the rate",
    ),
    Cause(
        "nothing-moves",
        "training changes nothing",
        "check the rate, optimizer.step() and what the optimizer holds",
        hides=("weights-do-not-move",),
    ),
    Cause(
        "layers-share-weights",
        "two layers that should differ are one",
        "make each layer anew, or copy.deepcopy it",
    ),
)
