"""Faults of weights that are kept and loaded."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import digits, mlp, small_cnn, table, usual


def trained(model, data):
    """Train for a few steps, as somebody did before."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(30):
        optimizer.zero_grad()
        cross_entropy(model(data[0]), data[1]).backward()
        optimizer.step()
    return {name: weights.clone() for name, weights in model.state_dict().items()}


@faulty("checkpoint", "checkpoint-not-loaded")
def only_what_fits_and_nothing_fits(mended):
    """Weights are loaded where their names fit, and all names begin with those of a wrapper."""
    data = digits()
    saved = {f"module.{name}": weights for name, weights in trained(small_cnn(), data).items()}
    model = small_cnn()
    mine = model.state_dict()
    names = {name.removeprefix("module.") if mended else name: weights for name, weights in saved.items()}
    mine.update({name: weights for name, weights in names.items() if name in mine})
    model.load_state_dict(mine)
    return usual(model, nn.CrossEntropyLoss(), data, rate=1e-3, checkpoint=saved)


@faulty("checkpoint", "checkpoint-not-loaded", further=True)
def loaded_and_then_started_anew(mended):
    """The weights are loaded, and the function that starts weights is applied after that."""
    data = table("wine")
    saved = trained(mlp(13, 16, 3), data)

    def start(layer):
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    model = mlp(13, 16, 3)
    if mended:
        model.apply(start)
    model.load_state_dict(saved)
    if not mended:
        model.apply(start)
    return usual(model, nn.CrossEntropyLoss(), data, rate=1e-3, checkpoint=saved)


@faulty("checkpoint", "checkpoint-is-reference", further=True)
def the_best_moves_on(mended):
    """``best = model.state_dict()`` is no copy: it changes with every step."""
    model = mlp(13, 16, 3)
    state = model.state_dict()
    best = {name: weights.clone() for name, weights in state.items()} if mended else state
    return usual(model, nn.CrossEntropyLoss(), table("wine"), checkpoint=best)
