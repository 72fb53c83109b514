"""Causes that lie in which weights may move, and in what was loaded into them."""

from helpers.doctor.causes.cause import Cause

WEIGHT_CAUSES = (
    # checks/freezing.py
    Cause(
        "freeze-flag-misspelt",
        "PyTorch does not read this attribute, so that the parameters are trained all the same",
        "freeze with layer.requires_grad_(False)",
        hides=("frozen-layer-moves",),
    ),
    Cause(
        "frozen-layer-moves",
        "a layer that was to keep what it has learned forgets it",
        "freeze with layer.requires_grad_(False) before the optimizer is built",
    ),
    Cause(
        "frozen-statistics-move",
        "BatchNorm in train mode updates its running statistics even where its weights are frozen",
        "keep the frozen part in eval mode: model.backbone.eval() after model.train()",
    ),
    # checks/checkpoints.py
    Cause(
        "checkpoint-not-loaded",
        "the model is at its random start although a checkpoint was read",
        "rename the keys, as in key.removeprefix('model.'), and load with strict=True",
    ),
    Cause(
        "checkpoint-is-reference",
        "the saved weights are the live ones and change with every step, so that the best are lost",
        "keep a copy: copy.deepcopy(model.state_dict())",
    ),
)
