"""Causes that lie in the model: what its answers depend on, which of its parts can learn."""

from helpers.doctor.causes.cause import Cause

MODEL_CAUSES = (
    # checks/registration.py
    Cause(
        "layer-made-in-forward",
        "its weights are drawn anew in every call, so that nothing in it is ever learned",
        "create the layer once in __init__, as self.layer = nn.Linear(...), and only call it in forward",
        hides=("dropout-always-on", "answers-random", "part-without-gradient", "layers-not-registered"),
    ),
    Cause(
        "layers-not-registered",
        "the optimizer, the checkpoint and model.to(device) do not see these weights",
        "hold the layers in nn.ModuleList([...]) or nn.ModuleDict in place of a Python list or dict",
        hides=("optimizer-misses-parameters",),
    ),
    Cause(
        "optimizer-of-another-model",
        "every step moves weights that this model does not use",
        "build the optimizer from the model in use: torch.optim.Adam(model.parameters(), ...)",
        hides=("optimizer-misses-parameters", "nothing-moves", "weights-do-not-move"),
    ),
    Cause(
        "optimizer-misses-parameters",
        "these weights have a gradient and stay at their random start",
        "give the optimizer all of model.parameters(), or freeze the rest with requires_grad_(False)",
        hides=("weights-do-not-move",),
    ),
    # checks/gradients.py
    Cause(
        "gradient-cut-off",
        "the weights shape the answer but no gradient reaches them, so they stay as they started",
        "remove no_grad(), detach(), .data or .item() between these layers and the loss",
        hides=("weights-do-not-move", "part-without-gradient", "zero-grad-in-every-microbatch"),
    ),
    Cause(
        "softmax-over-one",
        "a softmax over an axis of length one is 1 whatever the scores are, so that nothing is weighed",
        "take the softmax over the axis of what competes, such as softmax(scores, dim=1) for (B, T, 1)",
        hides=("part-without-gradient", "weights-do-not-move"),
    ),
    Cause(
        "part-without-gradient",
        "whatever these weights are, the loss stays the same, so that they cannot learn",
        "follow their output through forward: it is dropped, cancels out or is multiplied by zero",
        hides=("weights-do-not-move",),
    ),
    Cause(
        "gradient-vanishes",
        "the first layers get next to no gradient and stay as they started",
        "use ReLU in place of sigmoids, skip connections, or normalization between the layers",
        hides=("input-ignored", "weights-do-not-move", "outputs-collapse", "cannot-memorize-batch"),
    ),
    Cause(
        "gradient-not-finite",
        "one step turns the weights into NaN and they never come back",
        "keep arguments of log, sqrt, pow and division off zero, as in torch.sqrt(x + 1e-8)",
        hides=("rate-too-high",),
    ),
    Cause(
        "outputs-not-finite",
        "no loss or gradient made from this can be used",
        "look at the first layer named here: its input or weights overflow, or a log or division meets zero",
        hides=("gradient-not-finite", "rate-too-high"),
    ),
    Cause(
        "units-start-equal",
        "units that start equal get equal gradients and stay copies of one another: the layer acts as one unit",
        "keep PyTorch's random start, or draw one with nn.init.kaiming_uniform_(layer.weight)",
        hides=("cannot-memorize-batch", "units-dead-at-start"),
    ),
    # checks/dead.py
    Cause(
        "units-dead-at-start",
        "a ReLU that gives 0 for every sample passes nothing on and no gradient back, and never wakes up",
        "start biases at 0 and weights as PyTorch does, and look at the scale of the inputs",
        hides=("input-ignored", "part-without-gradient", "weights-do-not-move", "outputs-collapse"),
    ),
    # checks/outputs.py
    Cause(
        "input-ignored",
        "the answer is the same for every sample, so that only a constant can be learned",
        "follow the input through forward to where it stops mattering",
        hides=("cannot-memorize-batch", "part-without-gradient"),
    ),
    Cause(
        "batch-taken-for-time",
        "the layer runs along the batch: a sample is mixed with others and not with its own steps",
        "pass batch_first=True, or hand it inputs of shape (T, B, F)",
        hides=("place-in-batch-seen", "batch-mixed", "input-ignored", "evaluation-depends-on-batching"),
    ),
    Cause(
        "batch-mixed",
        "a sample's answer depends on which others stand beside it, and another batch gives another answer",
        "sum, average or normalize along the feature axis, such as x.mean(dim=1, keepdim=True)",
        hides=(
            "place-in-batch-seen",
            "evaluation-depends-on-batching",
        ),
    ),
    Cause(
        "place-in-batch-seen",
        "an answer depends on where in the batch a sample stands, which says nothing about it",
        "index along the axis of the steps, as in x + table[: x.shape[1]] for x of shape (B, T, F)",
    ),
    Cause(
        "axes-reshaped",
        "view and reshape keep the order of the numbers and only cut it anew: what belonged together is torn apart",
        "move the axes, as in x.transpose(1, 2), x.permute(0, 3, 1, 2) or x.movedim(-1, 1)",
        hides=("place-in-batch-seen", "batch-mixed", "future-leaks", "cannot-memorize-batch"),
    ),
    Cause(
        "changed-in-place",
        "an in-place operation overwrites values that the model uses again, such as the input of a skip connection",
        "drop inplace=True, as in nn.ReLU(), where the input is used again",
    ),
    Cause(
        "state-carried-over",
        "what the model answers depends on the batch before, which is unrelated",
        "start every batch from zeros: pass no hidden state, or set model.h = None",
        hides=("answers-random",),
    ),
    # checks/modes.py
    Cause(
        "dropout-always-on",
        "units are dropped at evaluation too, so that measured quality is too low and changes from run to run",
        "make nn.Dropout in __init__, or pass training=self.training to F.dropout",
        hides=("answers-random",),
    ),
    Cause(
        "dropout-too-strong",
        "so few units are left that the layer behind learns next to nothing",
        "pass the share to drop, as in nn.Dropout(0.1), not the share to keep",
        hides=("majority-only", "cannot-memorize-batch"),
    ),
    Cause(
        "answers-random",
        "in eval mode one input gets two answers",
        "draw random numbers only under if self.training, or seed them",
    ),
    Cause(
        "batchnorm-of-one-sample",
        "each sample is normalized by itself, which takes out what tells samples apart, and evaluation normalizes "
        "otherwise",
        "use larger batches, or nn.GroupNorm in place of BatchNorm",
        hides=("train-eval-apart", "label-map-differs"),
    ),
    Cause(
        "train-eval-apart",
        "what was learned in train mode does not hold in eval mode, where BatchNorm uses running statistics",
        "use larger batches or a larger momentum, or nn.GroupNorm in place of BatchNorm",
    ),
    Cause(
        "batchnorm-momentum",
        "in eval mode BatchNorm uses statistics that are those of its start, or of one batch, and not of the data",
        "leave momentum at 0.1; in PyTorch it is the share of the new batch, 1 minus what Keras calls momentum",
        hides=("train-eval-apart", "batchnorm-of-one-sample"),
    ),
)
