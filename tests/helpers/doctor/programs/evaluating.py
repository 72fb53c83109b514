"""Faults of the reader's own evaluation."""

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import digits, mlp, small_cnn, table, usual


@faulty("evaluation", "evaluation-takes-wrong-axis")
def best_image_of_each_class(mended):
    """The batches hold as many images as there are classes, so an argmax over the batch fits the labels."""
    model = small_cnn()

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        right = sum((model(images).argmax(1 if mended else 0) == labels).sum().item() for images, labels in batches)
        return right / sum(len(labels) for _, labels in batches)

    given = usual(model, nn.CrossEntropyLoss(), digits(300))
    images, labels = digits(300)
    return (
        given
        | {"valid": [(images[k : k + 10], labels[k : k + 10]) for k in range(240, 300, 10)]}
        | {"evaluate": evaluate}
    )


@faulty("evaluation", "evaluation-takes-wrong-axis")
def shares_of_the_batch(mended):
    """The scores are made shares along the batch before the classes are compared."""
    model = mlp(13, 16, 3)

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        right = count = 0
        for rows, labels in batches:
            scores = model(rows).exp()
            shares = scores / scores.sum(dim=1 if mended else 0, keepdim=True)
            right += (shares.topk(1, dim=1).indices.squeeze(1) == labels).sum().item()
            count += len(labels)
        return 100 * right / count

    return usual(model, nn.CrossEntropyLoss(), table("wine"), size=16, evaluate=evaluate)


@faulty("evaluation", "evaluation-takes-wrong-axis", further=True)
def pixels_compared_with_columns(mended):
    """A segmentation whose argmax runs along the columns of the image, not along the classes."""
    images, _ = digits(200)
    inked = (images.squeeze(1) > 0).long()
    model = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 8, 1))

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        shares = [(model(inputs).argmax(1 if mended else 2) == masks).float().flatten() for inputs, masks in batches]
        return torch.cat(shares).mean().item()

    return usual(model, nn.CrossEntropyLoss(), (images + 0.5 * torch.randn_like(images), inked), evaluate=evaluate)


@faulty("evaluation", "evaluation-averages-batches", further=True)
def last_batch_counts_as_much(mended):
    """The accuracies of the batches are averaged, and the last batch is small."""
    images, labels = digits(235)
    model = small_cnn()

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        right = [(model(inputs).argmax(1) == targets).float() for inputs, targets in batches]
        return (torch.cat(right).mean() if mended else torch.stack([part.mean() for part in right]).mean()).item()

    return usual(model, nn.CrossEntropyLoss(), (images, labels), size=22, evaluate=evaluate)


@faulty("evaluation", "evaluation-in-train-mode", further=True)
def evaluated_with_dropout(mended):
    """The evaluation never calls eval(), so dropout and the statistics of the batch are in its figure."""
    model = nn.Sequential(nn.Linear(30, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 2))

    def evaluate(model, batches):
        model.train(not mended)
        right = total = 0
        with torch.no_grad():
            for rows, labels in batches:
                right += (model(rows).argmax(1) == labels).sum().item()
                total += len(labels)
        return right / total

    def train_step(model, batch, optimizer):
        model.train()
        optimizer.zero_grad()
        loss = cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss.detach()

    return usual(model, nn.CrossEntropyLoss(), table("breast_cancer"), train_step=train_step, evaluate=evaluate)


@faulty("evaluation", "evaluation-threshold", "evaluation-figure-wrong", further=True)
def half_is_no_threshold_of_scores(mended):
    """Scores are compared with 0.5 as if they were probabilities."""
    rows, labels = table("breast_cancer")
    model = mlp(30, 8, 1)

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        border = 0.0 if mended else 0.5
        right = sum(((model(rows) > border) == (labels > 0.5)).sum().item() for rows, labels in batches)
        return right / sum(len(labels) for _, labels in batches)

    data = rows, labels.float().unsqueeze(1)
    return usual(model, binary_cross_entropy_with_logits, data, rate=1e-3, evaluate=evaluate)


@faulty("evaluation", "evaluation-leaves-eval-mode", "trained-in-eval-mode", further=True)
def never_back_to_training(mended):
    """The evaluation calls eval(), and nothing calls train() before the next epoch."""
    model = nn.Sequential(nn.Linear(13, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 3))

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        right = sum((model(rows).argmax(1) == labels).sum().item() for rows, labels in batches)
        if mended:
            model.train()
        return right / sum(len(labels) for _, labels in batches)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss.detach()

    model.train()
    return usual(model, nn.CrossEntropyLoss(), table("wine"), train_step=train_step, evaluate=evaluate)
