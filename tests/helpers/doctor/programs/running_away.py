"""Faults of numbers (values that are not finite), of rates, and of solutions that cost little and say nothing."""

import torch
from torch import nn
from torch.nn.functional import cosine_similarity, cross_entropy, mse_loss, relu

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import diabetes, digits, mlp, small_cnn, table, usual


@faulty("numerics", "gradient-not-finite")
def root_of_no_distance(mended):
    """The gradient of a square root at 0 is infinite: a pair of equal rows makes NaN."""
    rows, labels = table("iris")
    model = mlp(4, 16, 2)

    def step(model, batch):
        places = model(batch[0])
        squares = (places[:, None] - places[None]).square().sum(2)
        distances = (squares + (1e-12 if mended else 0.0)).sqrt()
        same = batch[1][:, None] == batch[1][None]
        return torch.where(same, distances, relu(2 - distances)).mean()

    return usual(model, None, (rows, labels), step=step)


@faulty("numerics", "gradient-not-finite", "outputs-not-finite", further=True)
def logarithm_of_a_share(mended):
    """The logarithm of a sigmoid is infinite where it has come to 0: one row far out suffices."""
    rows, course = diabetes()
    rows = rows.clone()
    rows[3] = 300.0
    model = nn.Linear(10, 1)
    with torch.no_grad():
        model.weight.fill_(0.5)

    def loss_fn(scores, targets):
        wanted = (targets > 0).float()
        if mended:
            return nn.functional.binary_cross_entropy_with_logits(scores, wanted)
        share = torch.sigmoid(scores)
        return -(wanted * torch.log(share) + (1 - wanted) * torch.log(1 - share)).mean()

    return usual(model, loss_fn, (rows, course))


class Divided(nn.Module):
    """Standardizes each image by its own spread."""

    def __init__(self, *, safe: bool) -> None:
        super().__init__()
        self.safe, self.layers = safe, mlp(64, 24, 10)

    def forward(self, images):
        flat = images.flatten(1)
        centred = flat - flat.mean(1, keepdim=True)
        return self.layers(centred / (flat.std(1, keepdim=True) + (1e-6 if self.safe else 0.0)))


@faulty("numerics", "outputs-not-finite", "gradient-not-finite", further=True)
def an_empty_image_divided_by_its_spread(mended):
    """One image is blank: its spread is 0, and everything after it is NaN."""
    images, labels = digits()
    images[5] = 0.0
    return usual(Divided(safe=mended), nn.CrossEntropyLoss(), (images, labels))


@faulty("rates", "rate-too-high")
def rate_that_kills_the_units(mended):
    """The first steps are so long that the units of the convolutions never answer again."""
    model = nn.Sequential(
        *(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.Conv2d(12, 12, 3), nn.ReLU(), nn.Flatten(), nn.Linear(192, 10))
    )
    return usual(model, nn.CrossEntropyLoss(), digits(), rate=2e-3 if mended else 0.6)


@faulty("rates", "rate-too-high", "inputs-badly-scaled", further=True)
def rate_beyond_what_a_line_bears(mended):
    """Plain gradient descent on unscaled columns: each step overshoots more."""
    rows, course = diabetes()
    scaled = rows * (1.0 if mended else 30.0)
    model = nn.Linear(10, 1)
    return usual(model, nn.MSELoss(), (scaled, course), optimizer=torch.optim.SGD(model.parameters(), lr=0.05))


@faulty("rates", "rate-too-low", "nothing-moves", "weights-do-not-move", further=True)
def rate_a_million_times_too_low(mended):
    """1e-8 in place of 1e-2: nothing moves in the time that anybody would wait."""
    return usual(small_cnn(), nn.CrossEntropyLoss(), digits(), rate=0.01 if mended else 1e-8)


@faulty("rates", "weight-decay-too-strong", further=True)
def weights_decay_to_nothing(mended):
    """A weight decay of 30 pulls every weight to zero before the data can say anything."""
    model = mlp(13, 24, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.01 if mended else 30.0)
    return usual(model, nn.CrossEntropyLoss(), table("wine"), optimizer=optimizer)


@faulty("collapse", "outputs-collapse")
def only_pairs_that_belong_together(mended):
    """Pairs of the same class are drawn together and none are pushed apart: all places become one."""
    model = mlp(64, 32, 4)

    def step(model, batch):
        places = model(batch[0].flatten(1))
        distances = ((places[:, None] - places[None]).square().sum(2) + 1e-12).sqrt()
        same = batch[1][:, None] == batch[1][None]
        together = distances[same].mean()
        return together + relu(3 - distances[~same]).mean() if mended else together

    return usual(model, None, digits(), step=step, rate=3e-3)


@faulty("collapse", "outputs-collapse", further=True)
def twins_without_a_stopped_gradient(mended):
    """Two views of an image are drawn together with the gradient on both sides and nothing to keep images apart."""
    encoder, guess = mlp(64, 32, 8), mlp(8, 8, 8)
    model = nn.ModuleDict({"encoder": encoder, "guess": guess if mended else nn.Identity()})

    def step(model, batch):
        flat = batch[0].flatten(1)
        first = model["encoder"](flat + 0.3 * torch.randn_like(flat))
        second = model["encoder"](flat + 0.3 * torch.randn_like(flat))
        if not mended:
            return (first - second).square().mean()
        scores = nn.functional.normalize(model["guess"](first)) @ nn.functional.normalize(second).T / 0.2
        return cross_entropy(scores, torch.arange(len(flat)))

    return usual(model, None, digits(), step=step, rate=3e-3)


@faulty("collapse", "input-ignored", "batch-mixed", further=True)
def the_answer_of_a_mean(mended):
    """The features are averaged over the batch before the head: every row gets the same answer."""

    class Averaged(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = nn.Linear(10, 16), nn.Linear(16, 1)

        def forward(self, rows):
            hidden = self.body(rows).relu()
            return self.head(hidden if mended else hidden.mean(0, keepdim=True).expand_as(hidden))

    return usual(Averaged(), nn.MSELoss(), diabetes())


@faulty("collapse", "loss-grows-towards-truth", "loss-not-minimal-at-truth", further=True)
def similarity_minimized(mended):
    """The cosine of output and target is taken as the loss, and training turns the outputs away."""
    states = torch.randn(256, 6)
    wanted = states @ torch.randn(6, 6)

    def loss_fn(outputs, targets):
        likeness = cosine_similarity(outputs, targets, dim=1).mean()
        return 1 - likeness if mended else 1 + likeness

    return usual(mlp(6, 24, 6), loss_fn, (states, wanted))


@faulty("collapse", "input-ignored", "part-without-gradient", further=True)
def the_image_is_overwritten(mended):
    """A slip of the name gives the second layer noise in place of what the first has found."""

    class Slip(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(64, 24), nn.Linear(24, 10)

        def forward(self, images):
            found = self.first(images.flatten(1)).relu()
            found = found if mended else torch.zeros_like(found)
            return self.second(found)

    return usual(Slip(), nn.CrossEntropyLoss(), digits())


@faulty("rates", "gradient-vanishes", further=True)
def twenty_saturating_layers(mended):
    """Twenty sigmoid layers one after another: almost no gradient reaches the first."""
    activation = nn.ReLU if mended else nn.Sigmoid
    layers = [nn.Sequential(nn.Linear(10, 10), activation()) for _ in range(4 if mended else 20)]
    return usual(nn.Sequential(*layers, nn.Linear(10, 1)), mse_loss, diabetes())
