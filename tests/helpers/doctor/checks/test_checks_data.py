"""Order, scale, labels and splits of the data: a faulty and a right program for each check."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from helpers.doctor.checks.aftermath import check_aftermath, check_one_batch
from helpers.doctor.checks.data import check_masks, check_values
from helpers.doctor.checks.labels import check_label_column, check_label_information
from helpers.doctor.checks.order import check_epochs, check_order, check_target_order
from helpers.doctor.checks.splits import check_labels, check_overlap, check_scaling, check_twins
from tests.helpers.doctor.small import blobs, causes, line, mlp, program


def classes(data, valid=None, **others):
    valid = None if valid is None else [valid]
    return program(mlp(data[0].shape[1]), nn.CrossEntropyLoss(), data, valid=valid, **others)


@pytest.mark.parametrize(("ordered", "expected"), [(True, {"sorted-by-class": "fault"}), (False, {})])
def test_order_of_classes(ordered, expected):
    x, y = blobs()
    order = y.argsort() if ordered else torch.arange(len(y))
    assert causes(check_order, classes((x[order], y[order]))) == expected


@pytest.mark.parametrize(("ordered", "expected"), [(True, {"sorted-by-target": "suspicion"}), (False, {})])
def test_order_of_targets(ordered, expected):
    x, y = line()
    order = y[:, 0].argsort() if ordered else torch.arange(len(y))
    assert causes(check_target_order, program(mlp(4, 1), nn.MSELoss(), (x[order], y[order]))) == expected


class Loader:
    """Shuffles with a generator that is made once, or anew in each epoch."""

    def __init__(self, data, anew):
        self.data, self.anew = TensorDataset(*data), anew
        self.generator = torch.Generator().manual_seed(0)

    def __iter__(self):
        generator = torch.Generator().manual_seed(0) if self.anew else self.generator
        return iter(DataLoader(self.data, 16, shuffle=True, generator=generator))


@pytest.mark.parametrize(("anew", "expected"), [(True, {"same-order-every-epoch": "fault"}), (False, {})])
def test_same_order_every_epoch(anew, expected):
    given = program(mlp(), nn.CrossEntropyLoss(), batches=Loader(blobs(), anew))
    assert causes(check_epochs, given) == expected


class Moved(Dataset):
    """Rows with noise that is drawn for each access, or from the row's own seed."""

    def __init__(self, data, fixed):
        self.inputs, self.labels = data
        self.fixed = fixed

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index) if self.fixed else None
        return self.inputs[index] + torch.randn(6, generator=generator), self.labels[index]


@pytest.mark.parametrize(("fixed", "expected"), [(True, {"augmentation-repeats": "suspicion"}), (False, {})])
def test_augmentation_repeats(fixed, expected):
    given = program(mlp(), nn.CrossEntropyLoss(), batches=DataLoader(Moved(blobs(), fixed), 16, shuffle=True))
    assert causes(check_epochs, given) == expected


def test_data_that_is_not_finite():
    x, y = blobs()
    x[3, 1] = float("nan")
    assert causes(check_values, classes((x, y))) == {"data-not-finite": "fault"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda x: (x / 10 - 127.5) / 128, {"inputs-badly-scaled": "fault"}),
        (lambda x: x, {}),
        (lambda x: 40 + 15 * x, {}),
    ],
)
def test_scale_of_inputs(change, expected):
    x, y = blobs()
    assert causes(check_values, classes((change(x), y), rate=3e-3)) == expected


@pytest.mark.parametrize(("apart", "expected"), [(True, {"mask-apart-from-image": "fault"}), (False, {})])
def test_masks(apart, expected):
    masks = torch.zeros(64, 8, 8, dtype=torch.long)
    for mask, (row, column) in zip(masks, torch.randint(5, (64, 2)).tolist(), strict=True):
        mask[row : row + 3, column : column + 3] = 1
    images = masks[:, None] + 0.3 * torch.randn(64, 1, 8, 8)
    if apart:
        turned = torch.rand(64, 1, 1) < 0.5
        masks = torch.where(turned, masks.flip(-1), masks)
    model = nn.Conv2d(1, 2, 3, padding=1)
    assert causes(check_masks, program(model, nn.CrossEntropyLoss(), (images, masks))) == expected


def test_samples_on_both_sides():
    x, y = blobs(200)
    shared = classes((x[:150], y[:150]), (x[130:], y[130:]))
    assert causes(check_overlap, shared) == {"valid-overlaps-train": "fault"}
    assert causes(check_overlap, classes((x[:150], y[:150]), (x[150:], y[150:]))) == {}


def test_single_numbers_meet_by_right_where_their_targets_differ():
    x = (torch.randn(200, 1) * 100).round() / 100
    y = x + 0.1 * torch.randn(200, 1)
    apart = program(nn.Linear(1, 1), nn.MSELoss(), (x[:150], y[:150]), valid=[(x[150:], y[150:])])
    assert causes(check_overlap, apart) == {}
    shared = program(nn.Linear(1, 1), nn.MSELoss(), (x[:150], y[:150]), valid=[(x[120:], y[120:])])
    assert causes(check_overlap, shared) == {"valid-overlaps-train": "fault"}


def test_few_possible_inputs_meet_on_both_sides_by_right():
    x, y = torch.randint(3, (200, 2)).float(), torch.arange(200) % 3
    assert causes(check_overlap, classes((x[:150], y[:150]), (x[150:], y[150:]))) == {}


@pytest.mark.parametrize(("noise", "expected"), [(0.01, {"valid-overlaps-train": "suspicion"}), (None, {})])
def test_near_copies(noise, expected):
    x, y = blobs(300, spread=1.5)
    near = x[:60] + noise * torch.randn(60, 6) if noise else x[240:]
    assert causes(check_twins, classes((x[:240], y[:240]), (near, y[:60]))) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda x: 255 * x, {"valid-scaled-otherwise": "fault"}),
        (lambda x: 0.22 * x + 0.45, {"valid-scaled-otherwise": "suspicion"}),
        (lambda x: x, {}),
    ],
)
def test_scaling_of_both_sides(change, expected):
    x, y = blobs(200)
    assert causes(check_scaling, classes((x[:150], y[:150]), (change(x[150:]), y[150:]))) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [([0, 1, 2], {}), ([2, 0, 1], {"label-map-differs": "fault"})],
)
def test_labels_of_both_sides(names, expected):
    x, y = blobs(200)
    valid = x[150:], torch.tensor(names)[y[150:]]
    assert causes(check_labels, classes((x[:150], y[:150]), valid)) == expected


def test_class_of_validation_alone():
    x, y = blobs(200)
    known = y[:150] != 2
    given = classes((x[:150][known], y[:150][known]), (x[150:], y[150:]))
    assert causes(check_labels, given)["class-never-seen"] == "suspicion"


@pytest.mark.parametrize(("leak", "expected"), [(True, {"label-in-inputs": "suspicion"}), (False, {})])
def test_label_among_the_inputs(leak, expected):
    x, y = blobs()
    x = torch.cat([x, y[:, None].float() if leak else torch.randint(3, (len(x), 1)).float()], 1)
    assert causes(check_label_column, classes((x, y))) == expected


@pytest.mark.parametrize(("mixed", "expected"), [(True, {"label-without-information": "suspicion"}), (False, {})])
def test_labels_without_information(mixed, expected):
    x, y = blobs(300, spread=2.0)
    labels = y[torch.randperm(300, generator=torch.Generator().manual_seed(1))] if mixed else y
    assert causes(check_label_information, classes((x, labels))) == expected


@pytest.mark.parametrize(("weight", "expected"), [(None, {"majority-only": "suspicion"}), (24.0, {})])
def test_rare_class(weight, expected):
    labels = (torch.arange(480) % 25 == 0).float()[:, None][torch.randperm(480)]
    x = torch.randn(480, 6) + 0.8 * labels
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=None if weight is None else torch.tensor([weight]))
    assert causes(check_aftermath, program(nn.Linear(6, 1), loss_fn, (x, labels), size=64)) == expected


class Drawn(nn.Module):
    """An autoencoder that draws its code in train mode."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(12, 6), nn.Linear(3, 12)

    def forward(self, x):
        mean, log_variance = self.encoder(x).chunk(2, 1)
        code = mean + (0.5 * log_variance).exp() * torch.randn_like(mean) if self.training else mean
        return self.decoder(code), mean, log_variance


@pytest.mark.parametrize(("averaged", "expected"), [(True, {"posterior-collapsed": "suspicion"}), (False, {})])
def test_collapsed_posterior(averaged, expected):
    def step(model, batch):
        again, mean, log_variance = model(batch[0])
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()
        error = (again - batch[0]) ** 2
        return (error.mean() if averaged else error.sum(1).mean()) + divergence

    x = 0.7 * torch.randn(256, 3) @ torch.randn(3, 12)
    assert causes(check_aftermath, program(Drawn(), None, (x, x), size=64, step=step)) == expected


def test_a_batch_that_cannot_be_learned_is_a_note():
    x = torch.randn(64, 3)
    noisy = program(nn.Linear(3, 1), nn.MSELoss(), (x, torch.randn(64, 1)), size=64)
    assert set(causes(check_one_batch, noisy).values()) <= {"note"}
    assert causes(check_one_batch, program(mlp(), nn.CrossEntropyLoss(), blobs(), rate=0.05)) == {}
