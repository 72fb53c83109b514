"""Right programs: the trainings of the course's chapters, short, one for each chapter that ``familiar`` lacks."""

import copy

import torch
from torch import nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    log_softmax,
    mse_loss,
    normalize,
    one_hot,
    relu,
    smooth_l1_loss,
)
from torch.utils.data import DataLoader, TensorDataset

from helpers import data, models
from tests.helpers.doctor.programs.listing import right
from tests.helpers.doctor.programs.pieces import digits, in_batches, mlp, next_character, table, text, usual


def gray(count: int = 320) -> tuple[torch.Tensor, torch.Tensor]:
    """The digits as rows of 64 numbers from 0 to 1, and their labels."""
    images, labels = digits(count)
    return ((images * 0.376 + 0.305).clamp(0, 1)).flatten(1), labels


class Reader(nn.Module):
    """An encoder of the course's blocks, its mean over the tokens that are no padding, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.places = nn.Embedding(40, 24), nn.Embedding(12, 24)
        self.blocks = nn.ModuleList([models.Block(24, 4) for _ in range(2)])
        self.norm, self.answer = nn.LayerNorm(24), nn.Linear(24, 2)

    def forward(self, tokens):
        there = tokens != 0
        x = self.embedding(tokens) + self.places.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, there[:, None, None])
        x = (x * there[:, :, None]).sum(1) / there.sum(1, keepdim=True)
        return self.answer(self.norm(x))


@right("course")
def reader_of_attention():
    """The chapter attention's encoder that classifies."""
    tokens = torch.randint(1, 40, (192, 12))
    tokens[torch.arange(12) >= torch.randint(4, 13, (192,))[:, None]] = 0
    return usual(Reader(), cross_entropy, (tokens, (tokens == 7).any(1).long()), rate=3e-3, padding=0)


@right("course")
def student_of_compression():
    """The chapter compression's small network that learns from a large one and from the labels."""
    images, labels = digits()
    teacher, student = models.ConvNet(size=8), models.MLP(64, [32], 10)
    optimizer = torch.optim.Adam(teacher.parameters(), lr=3e-3)
    for _ in range(3):
        for inputs, targets in in_batches(images, labels):
            optimizer.zero_grad()
            cross_entropy(teacher(inputs), targets).backward()
            optimizer.step()
    teacher.eval().requires_grad_(False)

    def step(model, batch):
        logits = model(batch[0])
        soft = (teacher(batch[0]) / 2).softmax(1)
        distance = -(soft * log_softmax(logits / 2, 1)).sum(1).mean()
        return 0.5 * 4 * distance + 0.5 * cross_entropy(logits, batch[1])

    return usual(student, None, (images, labels), step=step, rate=3e-3)


@right("course")
def tumors_of_concepts():
    """The chapter concepts' network with one hidden layer and two logits."""
    return usual(mlp(30, 16, 2), cross_entropy, table("breast_cancer"), rate=0.01)


class Shifted:
    """The chapter's batches: shuffled, and each image moved by a draw of its own."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        self.batches = data.Batches(data.Examples(images, labels), 32, generator=torch.Generator().manual_seed(0))
        self.draw = torch.Generator().manual_seed(0)

    def __iter__(self):
        for images, labels in self.batches:
            moves = torch.randint(-1, 2, (len(images),), generator=self.draw).tolist()
            moved = [image.roll(move, 2) for image, move in zip(images, moves, strict=True)]
            yield torch.stack(moved), one_hot(labels, 10).float()

    def __len__(self):
        return len(self.batches)


@right("course")
def changed_images_of_data_augmentation():
    """The chapter data-augmentation's training on changed images, with a rate that rises and falls."""
    images, labels = digits()
    model = models.ConvNet(size=8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=201)

    def train_step(model, batch, optimizer):
        loss = cross_entropy(model(batch[0]), batch[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        return loss.detach()

    given = {"model": model, "loss_fn": cross_entropy, "batches": Shifted(images, labels), "optimizer": optimizer}
    return given | {"train_step": train_step, "scheduler": schedule}


@right("course")
def digit_reader_of_debugging():
    """The chapter debugging's program P."""
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return usual(model, cross_entropy, gray(), optimizer=optimizer)


@right("course")
def resumed_training_of_deployment():
    """The chapter deployment's training, with a best state that is kept as a copy."""
    model = models.MLP(64, [64], 10)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    images, labels = gray()
    batches = DataLoader(TensorDataset(images, labels), 32, shuffle=True, generator=torch.Generator().manual_seed(0))
    best = copy.deepcopy(model.state_dict())
    return {"model": model, "loss_fn": cross_entropy, "batches": batches, "optimizer": optimizer, "checkpoint": best}


class Codes(nn.Module):
    """The chapter's variational autoencoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = mlp(64, 64, 16), mlp(8, 64, 64)

    def forward(self, images):
        mean, log_variance = self.encoder(images).chunk(2, dim=1)
        codes = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        return self.decoder(codes), mean, log_variance


@right("course")
def codes_of_generative():
    """The chapter generative's variational autoencoder: both terms are sums over what an image has."""
    images, _ = gray()

    def loss_fn(answer, images):
        decoded, mean, log_variance = answer
        error = (decoded - images).square().sum(1) / (2 * 0.2**2)
        distance = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
        return (error + distance).mean()

    return usual(Codes(), loss_fn, (images, images), rate=5e-3)


@right("course")
def noise_told_by_a_network_of_generative():
    """The chapter generative's diffusion: the network tells the noise that was mixed into an image, and how much."""
    images, _ = gray()
    model = mlp(65, 128, 64)

    def step(model, batch):
        share = torch.rand(len(batch[0]), 1)
        noise = torch.randn_like(batch[0])
        mixed = (1 - share).sqrt() * batch[0] + share.sqrt() * noise
        return mse_loss(model(torch.cat([mixed, share], 1)), noise)

    return usual(model, None, (images, images), step=step, rate=3e-3)


@right("course")
def writer_of_language_models():
    """The chapter language-models' decoder."""
    characters = text()
    return usual(models.GPT(28, 24, 4, 2), next_character, (characters[:, :-1], characters[:, 1:]), rate=3e-3)


@right("course")
def actor_and_critic_of_reinforcement():
    """The chapter reinforcement's clipped step of an actor and a critic, over one round of play."""
    states = torch.randn(256, 4)
    agent = nn.ModuleDict({"actor": mlp(4, 32, 2), "critic": mlp(4, 32, 1)})
    optimizer = torch.optim.Adam(agent.parameters(), lr=3e-3)
    actions = torch.randint(2, (256,))
    with torch.no_grad():
        before = agent["actor"](states).log_softmax(1).gather(1, actions[:, None])[:, 0]
    returns = (states[:, 0] > 0).float() * (2 * actions - 1) + 0.1 * torch.randn(256)
    advantages = (returns - returns.mean()) / returns.std()

    def train_step(agent, batch, optimizer):
        states, actions, before, advantages, returns = batch
        now = agent["actor"](states).log_softmax(1).gather(1, actions[:, None])[:, 0]
        ratios = (now - before).exp()
        gains = torch.minimum(ratios * advantages, ratios.clamp(0.8, 1.2) * advantages)
        loss = smooth_l1_loss(agent["critic"](states)[:, 0], returns) - gains.mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
        optimizer.step()
        return loss.detach()

    parts = zip(*(part.split(64) for part in (states, actions, before, advantages, returns)), strict=True)
    given = {"model": agent, "loss_fn": None, "batches": list(parts), "optimizer": optimizer}
    return given | {"train_step": train_step}


class Autoencoder(nn.Module):
    """The chapter's autoencoder that bends."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = mlp(64, 64, 8), mlp(8, 64, 64)

    def forward(self, rows):
        return self.decoder(self.encoder(rows))


@right("course")
def denoiser_of_representations():
    """The chapter representations' autoencoder that gets noisy rows and rebuilds the clean ones."""
    rows, _ = gray()

    def step(model, batch):
        return mse_loss(model(batch[0] + 0.3 * torch.randn_like(batch[0])), batch[0])

    return usual(Autoencoder(), None, (rows, rows), step=step, rate=3e-3)


@right("course")
def two_views_of_representations():
    """The chapter representations' contrastive loss, forth and back."""
    rows, _ = gray()
    model = nn.Sequential(mlp(64, 64, 32), mlp(32, 64, 32))

    def step(model, batch):
        first, second = (normalize(model(batch[0] + 0.2 * torch.randn_like(batch[0])), dim=1) for _ in range(2))
        logits, own = first @ second.T / 0.2, torch.arange(len(first))
        return (cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2

    return usual(model, None, (rows, rows), step=step, rate=3e-3)


@right("course")
def training_under_attack_of_robustness():
    """The chapter robustness' training on images that one step has made harder."""

    def step(model, batch):
        images = batch[0].clone().requires_grad_()
        slope = torch.autograd.grad(cross_entropy(model(images), batch[1]), images)[0]
        harmed = (batch[0] + 0.1 * slope.sign()).clamp(0, 1)
        return cross_entropy(model(harmed), batch[1])

    return usual(models.MLP(64, [64], 10), None, gray(), step=step, rate=3e-3)


@right("course")
def parts_of_a_batch_of_scaling():
    """The chapter scaling's large batch in small parts of unequal size, each weighted by its share."""
    images, labels = gray()

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        total = 0.0
        for inputs, targets in zip(batch[0].split(12), batch[1].split(12), strict=True):
            loss = cross_entropy(model(inputs), targets) * len(inputs) / len(batch[0])
            loss.backward()
            total += loss.item()
        optimizer.step()
        return total

    return usual(mlp(64, 64, 64, 10), cross_entropy, (images, labels), train_step=train_step, rate=1e-3)


@right("course")
def trial_of_search():
    """A trial of the chapter search: a small network, SGD with momentum and weight decay."""
    model = models.MLP(64, [16], 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    return usual(model, cross_entropy, gray(), optimizer=optimizer)


@right("course")
def line_of_tensors():
    """The chapter tensors' straight line, whose slope and intercept start at zero."""
    rows, _ = table("breast_cancer")
    radius, perimeter = rows[:, :1], rows[:, 2:3] + 1.0

    class Line(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.slope, self.intercept = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))

        def forward(self, x):
            return self.slope * x + self.intercept

    model = Line()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return usual(model, mse_loss, (radius, perimeter), optimizer=optimizer)


class OnTop(nn.Module):
    """A trained trunk that is held still, and a new head."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk, self.head = trunk, nn.Linear(32, 10)

    def train(self, mode=True):
        super().train(mode)
        self.trunk.eval()
        return self

    def forward(self, images):
        return self.head(self.trunk(images))


@right("course")
def head_of_transfer():
    """The chapter transfer's new head on a frozen trunk with batch normalization, which stays in eval mode."""
    trunk = nn.Sequential(nn.Conv2d(1, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with torch.no_grad():
        trunk(digits()[0])  # running statistics of the images
    model = OnTop(trunk.requires_grad_(False))
    optimizer = torch.optim.AdamW(model.head.parameters(), lr=0.01)
    return usual(model, cross_entropy, digits(), optimizer=optimizer, frozen=["trunk"])


@right("course")
def border_of_tuning():
    """The chapter tuning's network with one logit on points whose second column decides."""
    points = 2 * torch.rand(320, 2) - 1
    model = nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 1), nn.Flatten(0))

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        hits = sum(((model(inputs) > 0).float() == targets).sum() for inputs, targets in batches)
        return float(hits) / sum(len(targets) for _, targets in batches)

    targets = (points[:, 1] > 0).float()
    return usual(model, binary_cross_entropy_with_logits, (points, targets), evaluate=evaluate)


@right("course")
def rounded_weights_of_compression():
    """The chapter compression's training with the rounding in place: forward rounded, backward as if not."""

    class Rounded(nn.Linear):
        def forward(self, x):
            scale = self.weight.detach().abs().max() / 7
            value = (self.weight / scale).round() * scale
            return nn.functional.linear(x, self.weight + (value - self.weight).detach(), self.bias)

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = Rounded(64, 64), Rounded(64, 10)

        def forward(self, rows):
            return self.second(relu(self.first(rows)))

    return usual(Network(), cross_entropy, gray(), rate=3e-3)
