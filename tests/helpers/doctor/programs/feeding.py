"""Faults of the data and of how it is brought to the model."""

import torch
from torch import nn
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, Dataset, TensorDataset

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import diabetes, digits, in_batches, mlp, small_cnn, table, usual


class Epochs:
    """Batches that are made anew in each epoch by a function of the epoch's number."""

    def __init__(self, make) -> None:
        self.make, self.epoch = make, 0

    def __iter__(self):
        self.epoch += 1
        return iter(self.make(self.epoch))


def spots(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy images with a bright square, and maps of where it is: (N, 1, 10, 10) and (N, 1, 10, 10)."""
    maps = torch.zeros(count, 1, 10, 10)
    corners = torch.randint(7, (count, 2))
    for each, (row, column) in zip(maps, corners.tolist(), strict=True):
        each[0, row : row + 3, column : column + 3] = 1
    return maps + 0.4 * torch.randn_like(maps), maps


@faulty("data", "mask-apart-from-image")
def image_and_map_moved_apart(mended):
    """Image and map are both moved along the columns, each by its own random number."""
    images, maps = spots(128)

    def epoch(_):
        for part, truth in zip(images.split(16), maps.split(16), strict=True):
            by = torch.randint(-4, 5, (1,)).item()
            other = by if mended else torch.randint(-4, 5, (1,)).item()
            yield part.roll(by, 3), truth.roll(other, 3)

    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))
    return usual(model, mse_loss, (images, maps), batches=Epochs(epoch), valid=in_batches(*spots(32)))


@faulty("data", "inputs-badly-scaled")
def divided_by_255_twice(mended):
    """Pixels from 0 to 1 are divided by 255 once more, and then shifted by the mean of the first scale."""
    images, labels = digits()
    shares = (images * 0.376 + 0.305).clamp(0, 1)
    images = (shares if mended else shares / 255) - 0.3
    return usual(small_cnn(), nn.CrossEntropyLoss(), (images, labels), rate=3e-3)


@faulty("data", "inputs-badly-scaled", "start-loss-high", "rate-too-high", further=True)
def columns_as_they_come(mended):
    """Nobody scales the columns of the table: one is in the thousands, another below one."""
    rows, labels = table("wine")
    factors = torch.tensor([10.0**power for power in (0, 1, -2, 3, 2, -1, 0, 4, -1, 1, 0, 2, 3)])
    return usual(mlp(13, 16, 3), nn.CrossEntropyLoss(), (rows if mended else rows * factors + 3 * factors, labels))


@faulty("leak", "valid-overlaps-train")
def doubled_before_the_split(mended):
    """Rows with a high target are doubled to make them count, and the rows are split after that."""
    rows, course = diabetes()
    high = (course > 0.8).flatten()
    if mended:
        valid = in_batches(rows[352:], course[352:])
        rows, course, high = rows[:352], course[:352], high[:352]
    inputs, targets = torch.cat([rows, rows[high], rows[high]]), torch.cat([course, course[high], course[high]])
    mixed = torch.randperm(len(inputs))
    inputs, targets = inputs[mixed], targets[mixed]
    if not mended:
        valid = in_batches(inputs[500:], targets[500:])
        inputs, targets = inputs[:500], targets[:500]
    return usual(mlp(10, 16, 1), mse_loss, (rows, course), batches=in_batches(inputs, targets), valid=valid)


@faulty("leak", "valid-overlaps-train", further=True)
def augmented_before_the_split(mended):
    """Noisy copies are made of every row, and then the rows are split: each has a twin on the other side."""
    rows, labels = table("wine")
    model = mlp(13, 32, 3)
    if mended:
        parts = {"valid": in_batches(rows[140:], labels[140:])}
        rows, labels = rows[:140], labels[:140]
    more = torch.cat([rows, rows + 0.01 * torch.randn_like(rows), rows + 0.01 * torch.randn_like(rows)])
    names, mixed = labels.repeat(3), torch.randperm(len(more))
    more, names = more[mixed], names[mixed]
    if mended:
        parts["batches"] = in_batches(more, names)
    else:
        parts = {"batches": in_batches(more[:420], names[:420]), "valid": in_batches(more[420:], names[420:])}
    return usual(model, nn.CrossEntropyLoss(), (rows, labels)) | parts


@faulty("leak", "valid-overlaps-train")
def indices_drawn_twice(mended):
    """Training and validation rows are drawn apart from each other, from all rows."""
    rows, labels = table("breast_cancer")
    training = torch.randperm(569)[:400]
    if mended:
        left = torch.ones(569, dtype=torch.bool)
        left[training] = False
        validating = left.nonzero().flatten()
    else:
        validating = torch.randperm(569)[:169]
    batches = in_batches(rows[training], labels[training])
    valid = in_batches(rows[validating], labels[validating])
    return usual(mlp(30, 16, 2), nn.CrossEntropyLoss(), (rows, labels), batches=batches, valid=valid)


@faulty("data", "same-order-every-epoch", "sampler-epoch-never-set")
def shuffled_by_the_same_seed(mended):
    """The generator is seeded at the start of each epoch, so every epoch has the same order."""
    images, labels = digits(256)

    def epoch(number):
        generator = torch.Generator().manual_seed(number if mended else 0)
        return DataLoader(TensorDataset(images, labels), 32, shuffle=True, generator=generator)

    return usual(small_cnn(), nn.CrossEntropyLoss(), digits(320), batches=Epochs(epoch), valid=None)


class Augmented(Dataset):
    """Images moved by a random number of columns."""

    def __init__(self, images, labels, *, fresh: bool) -> None:
        self.images, self.labels, self.fresh = images, labels, fresh

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        generator = None if self.fresh else torch.Generator().manual_seed(index)
        return self.images[index].roll(int(torch.randint(-1, 2, (1,), generator=generator)), 2), self.labels[index]


@faulty("data", "augmentation-repeats", further=True)
def one_draw_for_each_image_for_ever(mended):
    """The random move of an image is drawn from a generator seeded with its number: always the same."""
    images, labels = digits(256)
    batches = DataLoader(Augmented(images, labels, fresh=mended), 32, shuffle=True)
    return usual(small_cnn(), nn.CrossEntropyLoss(), (images, labels), batches=batches, valid=None)


@faulty("data", "sorted-by-class", "sorted-by-target")
def classes_one_after_another(mended):
    """iris as it comes: the kinds stand one after another, and nothing shuffles them."""
    rows, labels = table("iris")
    training = labels[:120].argsort() if not mended else torch.arange(120)
    given = usual(mlp(4, 16, 3), nn.CrossEntropyLoss(), (rows, labels))
    return given | {"batches": in_batches(rows[:120][training], labels[:120][training], 10)}


@faulty("data", "sorted-by-target", "sorted-by-class", further=True)
def targets_that_rise_through_the_epoch(mended):
    """The rows of a regression come in the order of their targets."""
    rows, course = diabetes()
    order = course[:352].flatten().argsort() if not mended else torch.arange(352)
    model = mlp(10, 16, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    given = usual(model, nn.MSELoss(), (rows, course), optimizer=optimizer)
    return given | {"batches": in_batches(rows[:352][order], course[:352][order], 16)}


@faulty("data", "label-map-differs")
def classes_numbered_by_frequency(mended):
    """Training numbers its classes by name, validation by how often they occur."""
    rows, labels = table("wine")
    place = torch.tensor([0, 1, 2] if mended else [2, 0, 1])
    valid = in_batches(rows[142:], place[labels[142:]])
    return usual(mlp(13, 16, 3), nn.CrossEntropyLoss(), (rows, labels), valid=valid)


@faulty("data", "label-without-information", further=True)
def labels_shuffled_by_themselves(mended):
    """Inputs and labels are shuffled by two permutations."""
    rows, labels = table("breast_cancer")
    labels = labels[torch.arange(569) if mended else torch.randperm(569)]
    return usual(mlp(30, 16, 2), nn.CrossEntropyLoss(), (rows, labels))


@faulty("data", "valid-scaled-otherwise", further=True)
def validation_as_it_was_measured(mended):
    """The training columns are standardized, those of validation are not."""
    rows, labels = table("wine")
    measured = rows if mended else rows * 30 + 100
    valid = in_batches(measured[142:], labels[142:])
    return usual(mlp(13, 16, 3), nn.CrossEntropyLoss(), (rows, labels), valid=valid)


@faulty("data", "valid-scaled-otherwise", further=True)
def pixels_of_validation_up_to_255(mended):
    """Training pixels are from 0 to 1, and validation pixels, read by another function, from 0 to 255."""
    images, labels = digits()
    shares = (images * 0.376 + 0.305).clamp(0, 1)
    valid = in_batches(shares[256:] * (1 if mended else 255), labels[256:])
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    return usual(model, nn.CrossEntropyLoss(), (shares, labels), valid=valid)


@faulty("data", "class-never-seen", further=True)
def a_class_only_in_validation(mended):
    """Rows sorted by class are split without shuffling: training never sees the last class."""
    rows, labels = table("iris")
    order = torch.arange(150) if mended else labels.argsort()
    rows, labels = rows[order], labels[order]
    batches = in_batches(*(part[:100][torch.arange(100).view(10, 10).T.flatten()] for part in (rows, labels)), 20)
    valid = in_batches(rows[100:], labels[100:])
    return usual(mlp(4, 16, 3), nn.CrossEntropyLoss(), (rows, labels), batches=batches, valid=valid)


@faulty("data", "data-not-finite", further=True)
def a_gap_in_the_table(mended):
    """One value of the table is missing and is read as NaN."""
    rows, labels = table("wine")
    if not mended:
        rows[17, 4] = float("nan")
    return usual(mlp(13, 16, 3), nn.CrossEntropyLoss(), (rows, labels))


@faulty("leak", "label-in-inputs", further=True)
def the_answer_among_the_columns(mended):
    """The label is left among the columns: everything is known from one of them."""
    rows, labels = table("breast_cancer")
    last = torch.randn(569) if mended else labels.float()
    return usual(mlp(31, 16, 2), nn.CrossEntropyLoss(), (torch.cat([rows, last.unsqueeze(1)], 1), labels))
