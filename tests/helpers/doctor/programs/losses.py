"""Faults of the loss: what goes into it, which numbers it compares, what it weighs."""

import torch
from torch import nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    kl_div,
    log_softmax,
    mse_loss,
    nll_loss,
    one_hot,
)

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import diabetes, digits, mlp, small_cnn, table, usual


class Recurrent(nn.Module):
    """Reads an image row by row, and gives scores or shares."""

    def __init__(self, *, shares: bool) -> None:
        super().__init__()
        self.shares = shares
        self.rnn, self.head = nn.LSTM(8, 24, batch_first=True), nn.Linear(24, 10)

    def forward(self, images):
        scores = self.head(self.rnn(images.squeeze(1))[0][:, -1])
        return scores.softmax(dim=1) if self.shares else scores


@faulty("loss contract", "softmax-before-cross-entropy")
def shares_into_cross_entropy(mended):
    """The model returns shares, and cross_entropy applies its own softmax to them."""
    return usual(Recurrent(shares=not mended), cross_entropy, digits())


@faulty("loss contract", "softmax-before-cross-entropy", further=True)
def softmax_in_the_step(mended):
    """The training step applies softmax before a cross-entropy with smoothed labels."""
    model = mlp(4, 16, 3)

    def step(model, batch):
        scores = model(batch[0])
        return cross_entropy(scores if mended else scores.softmax(1), batch[1], label_smoothing=0.05)

    return usual(model, None, table("iris"), step=step)


@faulty("loss contract", "sigmoid-before-logits-loss")
def sigmoid_of_several_labels(mended):
    """Each of several labels goes through a sigmoid before a loss that applies one."""
    images, labels = digits()
    features = torch.stack([labels % 2, (labels > 4).long(), (labels % 3 == 0).long()], 1).float()

    def loss_fn(scores, targets):
        return binary_cross_entropy_with_logits(scores if mended else torch.sigmoid(scores), targets)

    return usual(small_cnn(3), loss_fn, (images, features))


@faulty("loss contract", "loss-needs-probabilities")
def dice_of_scores(mended):
    """Dice over the classes is computed from scores; it leaves 0..1, and the scores run away."""
    images, _ = digits(200)
    inked = (images.squeeze(1) > 0).long()

    def loss_fn(scores, masks):
        shares = scores.softmax(1) if mended else scores
        truth = one_hot(masks, 2).permute(0, 3, 1, 2).float()
        both = (shares * truth).sum((0, 2, 3))
        return (1 - (2 * both + 1) / (shares.sum((0, 2, 3)) + truth.sum((0, 2, 3)) + 1)).mean()

    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 1))
    return usual(model, loss_fn, (images + 0.7 * torch.randn_like(images), inked))


@faulty("loss contract", "term-without-gradient")
def hint_compared_with_itself(mended):
    """The hint of the teacher's features is compared with the teacher's features."""
    teacher, model = mlp(64, 32, 10).requires_grad_(False), mlp(64, 32, 10)

    def step(model, batch):
        images = batch[0].flatten(1)
        wanted = teacher[0](images).relu()
        features = model[0](images).relu() if mended else teacher[0](images).relu()
        return 5 * mse_loss(features, wanted) + 0.1 * cross_entropy(model(images), batch[1])

    return usual(model, None, digits(), step=step)


@faulty("loss contract", "nll-without-log-softmax", further=True)
def nll_of_shares(mended):
    """nll_loss is given shares without their logarithm: it ends at -1 and its gradient is weak where it is needed."""
    model = nn.Sequential(small_cnn(), nn.LogSoftmax(dim=1) if mended else nn.Softmax(dim=1))
    return usual(model, nll_loss, digits())


@faulty("loss contract", "nll-without-log-softmax", further=True)
def nll_of_scores(mended):
    """nll_loss is given raw scores: it falls without end."""

    def loss_fn(scores, labels):
        return nll_loss(log_softmax(scores, 1) if mended else scores, labels)

    return usual(mlp(13, 16, 3), loss_fn, table("wine"))


@faulty("loss contract", "loss-not-minimal-at-truth", further=True)
def kl_without_logarithm(mended):
    """kl_div expects logarithms first and is given shares."""
    rows, labels = table("wine")
    wanted = 0.8 * one_hot(labels, 3) + 0.2 / 3

    def loss_fn(scores, targets):
        return kl_div(log_softmax(scores, 1) if mended else scores.softmax(1), targets, reduction="batchmean")

    return usual(mlp(13, 16, 3), loss_fn, (rows, wanted))


@faulty("loss contract", "loss-unbounded", further=True)
def divergence_with_the_wrong_sign(mended):
    """A penalty on the features is subtracted: the loss falls without end as they grow."""
    model = mlp(10, 16, 1)

    def step(model, batch):
        hidden = model[0](batch[0])
        loss = mse_loss(model[2](hidden.relu()), batch[1])
        penalty = 0.05 * hidden.square().mean()
        return loss + penalty if mended else loss - penalty

    return usual(model, None, diabetes(), step=step)


@faulty(
    *("loss contract", "output-cannot-reach-target", "units-dead-at-start"),
    further=True,
)
def relu_on_the_last_score(mended):
    """A loop over all layers puts a ReLU after the last one: no score is negative, and some are dead."""
    layers = mlp(64, 32, 10)
    model = nn.Sequential(nn.Flatten(), *layers, *([] if mended else [nn.ReLU()]))
    return usual(model, nn.CrossEntropyLoss(), digits(), rate=3e-3)


@faulty("loss contract", "output-cannot-reach-target", further=True)
def answers_squeezed_between_zero_and_one(mended):
    """A sigmoid on the output of a regression whose targets go from -2 to 2.5."""
    model = nn.Sequential(mlp(10, 16, 1), nn.Identity() if mended else nn.Sigmoid())
    return usual(model, nn.MSELoss(), diabetes())


@faulty("loss contract", "output-cannot-reach-target", further=True)
def picture_with_positive_values_only(mended):
    """An autoencoder of standardized images ends in a ReLU: it cannot draw what is darker than the mean."""
    images, _ = digits()
    flat = images.flatten(1)
    model = nn.Sequential(mlp(64, 24, 64), nn.Identity() if mended else nn.ReLU())
    return usual(model, nn.MSELoss(), (flat, flat.clone()))


@faulty("broadcasting", "loss-broadcasts")
def column_against_row(mended):
    """Outputs (B, 1) and targets (B,) make B times B errors."""
    rows, course = diabetes()

    def loss_fn(guesses, targets):
        errors = guesses.squeeze(1) - targets if mended else guesses - targets
        return errors.abs().mean()

    return usual(mlp(10, 16, 1), loss_fn, (rows, course.squeeze(1)))


@faulty("broadcasting", "loss-broadcasts")
def one_value_for_all_actions(mended):
    """A critic gives one value a state, and the target holds one for each of three action parts."""
    states = torch.randn(256, 3)
    costs = states.square()

    def loss_fn(values, targets):
        wanted = targets.sum(1, keepdim=True) if mended else targets
        return (values - wanted).square().mean()

    return usual(mlp(3, 24, 1), loss_fn, (states, costs))


@faulty("broadcasting", "loss-broadcasts", further=True)
def weights_across_the_batch(mended):
    """Weights of the samples (B, 1) multiply losses (B,): every loss gets every weight."""
    rows, labels = table("breast_cancer")
    weights = 0.2 + 1.6 * torch.rand(len(rows), 1)

    def step(model, batch):
        inputs, (targets, parts) = batch
        losses = cross_entropy(model(inputs), targets, reduction="none")
        return (losses * (parts.squeeze(1) if mended else parts)).mean()

    parts = zip(rows.split(32), labels.split(32), weights.split(32), strict=True)
    batches = [(part, (targets, some)) for part, targets, some in parts]
    given = usual(mlp(30, 16, 2), None, (rows, labels), step=step)
    return given | {"batches": batches[:14], "valid": batches[14:]}


@faulty("broadcasting", "targets-reshaped", "batch-mixed", "label-without-information", "loss-broadcasts", further=True)
def targets_reshaped_across_the_batch(mended):
    """Targets (2, B) are brought to (B, 2) with view, which pairs rows with other rows' targets."""
    rows, course = diabetes()
    both = torch.cat([course, -course + rows[:, :1]], 1)

    def step(model, batch):
        stacked = batch[1].T.contiguous()  # as it comes from two lists
        targets = stacked.T if mended else stacked.view(-1, 2)
        return mse_loss(model(batch[0]), targets)

    return usual(mlp(10, 16, 2), None, (rows, both), step=step)


@faulty("imbalance", "class-weights-absurd")
def positives_a_million_times_heavier(mended):
    """A pos_weight of a million: the answer is always yes."""
    rows, labels = table("breast_cancer")
    rows = rows[:, :6] + 0.8 * torch.randn(len(rows), 6)
    weight = torch.tensor([0.6 if mended else 1e6])
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=weight)
    return usual(mlp(6, 8, 1), loss_fn, (rows, labels.float().unsqueeze(1)))


@faulty("imbalance", "majority-only")
def rare_class_never_found(mended):
    """One class in 30, hard to tell: always answering the other one is right in 97 of 100."""
    labels = (torch.rand(1200) < 1 / 30).long()
    rows = torch.randn(1200, 8)
    rows[:, 0] += 1.2 * labels
    weight = torch.tensor([1.0, 29.0]) if mended else None
    return usual(nn.Linear(8, 2), nn.CrossEntropyLoss(weight=weight), (rows, labels), size=64)
