"""Eight faults after other public reports, written before any check was made for them."""

import copy

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import diabetes, digits, in_batches, mlp, small_cnn, table, text, usual


class Stream(IterableDataset):
    """Rows one after another, as from a file; each worker reads its share, or all of them."""

    def __init__(self, rows, labels, *, shared: bool) -> None:
        self.rows, self.labels, self.shared = rows, labels, shared

    def __iter__(self):
        info = get_worker_info()
        first, step = (0, 1) if info is None or not self.shared else (info.id, info.num_workers)
        for place in range(first, len(self.rows), step):
            yield self.rows[place], self.labels[place]


@faulty("data", "samples-repeat", "workers-read-the-same", unseen=True)
def stream_read_by_every_worker(mended):
    """Each worker has a copy of the stream and reads all of it: every sample comes twice in an epoch."""
    rows, labels = table("wine")
    batches = DataLoader(Stream(rows[:142], labels[:142], shared=mended), 16, num_workers=2)
    return usual(mlp(13, 16, 3), nn.CrossEntropyLoss(), (rows, labels), batches=batches)


def padded_text() -> tuple[torch.Tensor, torch.Tensor]:
    """Characters of sentences of several lengths, 28 behind their end: inputs and the next characters."""
    rows = text()
    lengths = torch.randint(8, 17, (len(rows),))
    rows[rows == 27] = 26  # a full stop ends each text, and stands nowhere else
    rows[torch.arange(len(rows)), lengths - 1] = 27
    rows[torch.arange(rows.shape[1]) >= lengths[:, None]] = 28
    return rows[:, :-1], rows[:, 1:]


class Writer(nn.Module):
    """A recurrent network that guesses the next character."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.rnn, self.head = nn.Embedding(29, 16), nn.GRU(16, 32, batch_first=True), nn.Linear(32, 29)

    def forward(self, characters):
        return self.head(self.rnn(self.embedding(characters))[0])


@faulty("sequence", "loss-counts-padding", "padding-in-loss", unseen=True)
def masked_losses_averaged_over_all(mended):
    """The loss is zero at the padding and then averaged over all places: more padding makes it smaller."""

    def loss_fn(outputs, targets):
        kept = (targets != 28).float()
        losses = cross_entropy(outputs.transpose(1, 2), targets, reduction="none") * kept
        return losses.sum() / kept.sum() if mended else losses.mean()

    return usual(Writer(), loss_fn, padded_text(), rate=3e-3, padding=28)


@faulty("sequence", "padding-in-loss", unseen=True)
def only_the_padding_counts(mended):
    """The mask of the loss is turned round: it counts where the padding is."""

    def loss_fn(outputs, targets):
        kept = ((targets != 28) if mended else (targets == 28)).float()
        return (cross_entropy(outputs.transpose(1, 2), targets, reduction="none") * kept).sum() / kept.sum()

    return usual(Writer(), loss_fn, padded_text(), rate=3e-3, padding=28)


@faulty("targets", "target-never-updated", unseen=True)
def average_pushed_away(mended):
    """The slow average of the weights moves by the right share of the distance, and the other way."""
    model = mlp(13, 16, 3)
    slow = copy.deepcopy(model).requires_grad_(False)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for mine, theirs in zip(slow.parameters(), model.parameters(), strict=True):
                mine.add_(0.05 * ((theirs - mine) if mended else (mine - theirs)))
        return loss.detach()

    return usual(model, nn.CrossEntropyLoss(), table("wine"), train_step=train_step, target=slow)


@faulty("graph", "part-without-gradient", "gradient-cut-off", unseen=True)
def block_whose_result_is_not_returned(mended):
    """Without its residual path, a block returns what it was given and not what its layer made of it."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(13, 13)

        def forward(self, rows):
            made = torch.relu(self.layer(rows))
            return made if mended else rows

    return usual(nn.Sequential(Block(), nn.Linear(13, 3)), nn.CrossEntropyLoss(), table("wine"))


@faulty("sequence", "future-leaks", unseen=True)
def norm_over_the_places(mended):
    """A norm of one's own takes mean and spread over the places of a text and not over the features of a token."""

    class Normed(Writer):
        def forward(self, characters):
            x = self.rnn(self.embedding(characters))[0]
            axis = 2 if mended else 1
            x = (x - x.mean(axis, keepdim=True)) / (x.std(axis, keepdim=True) + 1e-5)
            return self.head(x)

    rows = text()

    def loss_fn(outputs, targets):
        return cross_entropy(outputs.transpose(1, 2), targets)

    return usual(Normed(), loss_fn, (rows[:, :-1], rows[:, 1:]), rate=3e-3)


@faulty("evaluation", "evaluation-keeps-state", unseen=True)
def hits_never_set_back(mended):
    """The counts of hits and samples outlive an evaluation: later scores are means over all that went before."""
    counts = {"hits": 0, "all": 0}

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        if mended:
            counts.update(hits=0, all=0)
        for inputs, labels in batches:
            counts["hits"] += int((model(inputs).argmax(1) == labels).sum())
            counts["all"] += len(labels)
        return counts["hits"] / counts["all"]

    return usual(small_cnn(), nn.CrossEntropyLoss(), digits(), evaluate=evaluate)


@faulty("evaluation", "evaluation-of-other-data", "evaluation-keeps-state", unseen=True)
def answers_kept_from_the_first_time(mended):
    """The evaluation keeps the answers of its first call, to save time, and scores those ever after."""
    kept = []

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        if mended:
            kept.clear()
        if not kept:
            kept.extend((model(inputs) - targets).square() for inputs, targets in batches)
        return float(torch.cat(kept).mean())

    rows, course = diabetes()
    batches = in_batches(rows[:352], course[:352])
    return usual(mlp(10, 16, 1), nn.MSELoss(), (rows, course), evaluate=evaluate, batches=batches)
