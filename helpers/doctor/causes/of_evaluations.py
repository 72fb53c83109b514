"""Causes that lie in the reader's own evaluation."""

from helpers.doctor.causes.cause import Cause

EVALUATION_CAUSES = (
    # checks/evaluation.py
    Cause(
        "evaluation-takes-wrong-axis",
        "the score compares something else than each sample's best class",
        "take output.argmax(dim=1), and softmax(dim=1) if any",
        hides=("evaluation-depends-on-batching",),
    ),
    Cause(
        "evaluation-threshold",
        "scores and probabilities have different borders: 0 and 0.5",
        "compare scores with 0, or torch.sigmoid(scores) with 0.5",
    ),
    Cause(
        "evaluation-averages-batches",
        "a small last batch counts as much as a full one",
        "sum over samples and divide by their number at the end",
        hides=("evaluation-depends-on-batching",),
    ),
    Cause(
        "evaluation-broadcasts",
        "guesses of shape (B, 1) and labels of shape (B,) are compared all with all",
        "give both one shape, as in guesses.squeeze(1) == labels",
        hides=("evaluation-depends-on-batching", "evaluation-averages-batches"),
    ),
    Cause(
        "evaluation-of-other-data",
        "the score is that of data which the model was trained on",
        "loop over the batches that the function is handed, and let no name of the training part be global",
    ),
    Cause(
        "evaluation-in-train-mode",
        "dropout is on and BatchNorm learns from the validation set",
        "call model.eval() before evaluation, and model.train() after it",
        hides=("evaluation-depends-on-batching",),
    ),
    Cause(
        "evaluation-leaves-eval-mode",
        "training goes on without dropout and with BatchNorm standing still",
        "call model.train() at the start of every epoch, or at the end of the evaluation",
    ),
    Cause(
        "evaluation-changes-model",
        "what evaluation does to the model is learned from the validation set",
        "evaluate under model.eval() and torch.no_grad()",
    ),
    Cause(
        "evaluation-depends-on-batching",
        "the same samples in other batches give another score",
        "count per sample along the feature axis, and divide once at the end",
    ),
    # checks/calls.py
    Cause(
        "evaluation-loss-of-shares",
        "the loss makes shares of scores itself, so its figure stays high however good the model is",
        "hand the loss the raw scores in the evaluation, too",
    ),
    Cause(
        "evaluation-loss-of-scores",
        "the loss expects shares, or their logarithms, so its figure says nothing about the model",
        "hand nll_loss and kl_div F.log_softmax(scores, dim=1), and binary_cross_entropy torch.sigmoid(scores)",
    ),
    # checks/earlier_calls.py
    Cause(
        "evaluation-keeps-state",
        "the score is not that of the model it was asked about, but also, or only, of earlier ones",
        "set counts and lists back at the start of the evaluation",
        hides=("evaluation-depends-on-batching", "evaluation-averages-batches"),
    ),
)
