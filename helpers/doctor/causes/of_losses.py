"""Causes that lie between the model's answer and the loss, and in sequences."""

from helpers.doctor.causes.cause import Cause

LOSS_CAUSES = (
    # checks/losses.py and checks/ranges.py
    Cause(
        "softmax-before-cross-entropy",
        "cross-entropy applies a softmax itself; two of them leave a small gradient and a loss that cannot reach zero",
        "return the raw scores from the model, and apply softmax(dim=1) only to show probabilities",
        hides=("output-cannot-reach-target", "cannot-memorize-batch", "evaluation-loss-of-shares"),
    ),
    Cause(
        "sigmoid-before-logits-loss",
        "the loss applies a sigmoid itself; two of them keep every probability between 0.5 and 0.73",
        "return the raw scores and keep nn.BCEWithLogitsLoss()",
        hides=("output-cannot-reach-target", "cannot-memorize-batch", "evaluation-loss-of-shares"),
    ),
    Cause(
        "output-cannot-reach-target",
        "the last activation keeps the answer out of the range in which the targets lie",
        "remove the activation after the last layer, or scale the targets into its range",
        hides=("cannot-memorize-batch",),
    ),
    Cause(
        "loss-needs-probabilities",
        "outside 0..1 this loss leaves its bounds, and training follows the part that means nothing",
        "hand it torch.sigmoid(scores) or softmax(scores, dim=1)",
        hides=("loss-not-minimal-at-truth", "outputs-not-finite"),
    ),
    Cause(
        "nll-without-log-softmax",
        "the negative log-likelihood of raw scores falls without bound: they grow and nothing is learned",
        "use nn.CrossEntropyLoss(), or return F.log_softmax(scores, dim=1)",
        hides=(
            "loss-not-minimal-at-truth",
            "output-cannot-reach-target",
            "loss-grows-towards-truth",
            "evaluation-loss-of-scores",
        ),
    ),
    Cause(
        "loss-broadcasts",
        "numbers are compared that do not belong together, so that the best answer is no more than their average",
        "give both the same shape, as in loss_fn(output.squeeze(1), target)",
        hides=("cannot-memorize-batch", "loss-not-minimal-at-truth", "loss-ignores-target"),
    ),
    Cause(
        "loss-grows-towards-truth",
        "descent leads away from the targets",
        "turn the sign of the loss, or swap its arguments",
        hides=("loss-not-minimal-at-truth", "cannot-memorize-batch"),
    ),
    Cause(
        "loss-unbounded",
        "a squared term with the wrong sign rewards ever larger answers, and training follows it without end",
        "add the penalty or the divergence to the loss; do not subtract it",
        hides=("loss-not-minimal-at-truth", "rate-too-high"),
    ),
    Cause(
        "loss-not-minimal-at-truth",
        "the loss is lower elsewhere than at the targets, and training goes there",
        "check the order of the arguments and what each expects, such as log-probabilities first in F.kl_div",
        hides=("evaluation-loss-of-scores",),
    ),
    Cause(
        "loss-ignores-target",
        "nothing can be learned from targets that the loss does not read",
        "hand the targets of the batch to the loss",
    ),
    Cause(
        "term-without-gradient",
        "a part of the loss cannot teach the model anything, since both its sides come from elsewhere",
        "compute one side of this term from the output of the model that is trained",
    ),
    Cause(
        "class-weights-absurd",
        "one class outweighs all others so far that only it is ever predicted",
        "weight by inverse frequency: weight = len(y) / (K * torch.bincount(y))",
        hides=("majority-only", "start-loss-high"),
    ),
    Cause(
        "class-weights-inverted",
        "the frequent class, which outnumbers the rare one already, also counts more in each sample",
        "weight by inverse frequency: pos_weight = negatives / positives, or weight = len(y) / (K * torch.bincount(y))",
        hides=("majority-only", "start-loss-high"),
    ),
    Cause(
        "targets-out-of-range",
        "cross-entropy has no lowest value for a share above 1: the scores grow and the loss falls without end",
        "bring the targets to 0..1, as in masks.float() / 255, or masks > 0",
        hides=("loss-unbounded", "loss-not-minimal-at-truth", "rate-too-high", "outputs-not-finite"),
    ),
    Cause(
        "targets-badly-scaled",
        "each step moves an answer by about the rate, and the targets lie thousands of steps away",
        "train on (y - mean) / std of the training targets, and turn the answers back at the end",
        hides=("rate-too-high", "cannot-memorize-batch", "weights-do-not-move", "nothing-moves"),
    ),
    Cause(
        "setting-without-effect",
        "a term of the loss does not have the weight that was chosen for it",
        "multiply the term by it, as in loss = reconstruction + beta * divergence",
        hides=("posterior-collapsed",),
    ),
    Cause(
        "start-loss-high",
        "an untrained classifier should not be surer than chance, which costs ln K",
        "scale the inputs, and start the last layer small",
    ),
    Cause(
        "posterior-collapsed",
        "the latent code says nothing about the input, since the KL term outweighs the reconstruction",
        "sum both terms over the dimensions and average both over the batch; weight the KL term from 0 upwards",
    ),
    Cause(
        "cannot-memorize-batch",
        "a program that cannot learn one batch by heart rarely learns more",
        "measure in the chapter's order: data, loss at the start, gradients, modes",
    ),
    # checks/sequence.py
    Cause(
        "mask-inverted",
        "each position sees what comes after it and not what came before: it reads off its answer",
        "turn the mask: in scaled_dot_product_attention True means may look, in MultiheadAttention True means hidden",
        hides=("future-leaks",),
    ),
    Cause(
        "future-leaks",
        "each position reads off its own answer; without it, when generating, nothing is left",
        "pass is_causal=True, or mask with torch.ones(T, T).triu(1).bool()",
        hides=("valid-overlaps-train",),
    ),
    Cause(
        "targets-not-shifted",
        "the model is trained to repeat the token that it is given",
        "compare logits[:, :-1] with tokens[:, 1:]",
        hides=("future-leaks",),
    ),
    Cause(
        "targets-shifted-twice",
        "the model is trained to skip a token: both the data and the model shift the targets",
        "shift in one place only",
    ),
    Cause(
        "end-token-never-trained",
        "the model never learns to stop, since every end token is left out of the loss as padding",
        "mask only the padding behind the first end token, or pad with another token",
    ),
    Cause(
        "token-never-trained",
        "the row of padding_idx in an embedding is zero and gets no gradient, so that this word is never learned",
        "keep a number for padding alone, and pass that one as padding_idx",
        hides=("weights-do-not-move",),
    ),
    Cause(
        "padding-in-loss",
        "most of the loss asks for padding behind padding, which is easy, and hides how the rest is learned",
        "leave padding out: F.cross_entropy(..., ignore_index=pad), except the first one where it ends the text",
    ),
    Cause(
        "padding-seen",
        "an answer depends on how much padding stands beside it, that is, on the other texts of the batch",
        "pass key_padding_mask=tokens == pad, pack the sequence, or leave padding out of the mean",
    ),
    # checks/padded_loss.py
    Cause(
        "loss-counts-padding",
        "the loss is divided by the places of the padding, too: a text counts the less the more padding its batch has",
        "divide by what counts, as in (losses * kept).sum() / kept.sum()",
    ),
)
