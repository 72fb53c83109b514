"""Faults of autoencoders that draw."""

import torch
from torch import nn

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import digits, mlp


class Autoencoder(nn.Module):
    """Draws an image from a code of four numbers, each with its own uncertainty."""

    def __init__(self, beta: float = 1.0) -> None:
        super().__init__()
        self.beta = beta
        self.encoder, self.decoder = mlp(64, 48, 8), mlp(4, 48, 64)

    def forward(self, images):
        mean, log_variance = self.encoder(images.flatten(1)).chunk(2, 1)
        noise = torch.randn_like(mean) if self.training else torch.zeros_like(mean)
        return self.decoder(mean + noise * (log_variance / 2).exp()), mean, log_variance


def divergence(mean, log_variance):
    """Nats between the code and standard noise, for each image: (B,)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def drawing(model, step):
    """A program that learns to draw digits."""
    images, _ = digits(256)
    batches = [(part, part) for part in images.split(64)]
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return {"model": model, "loss_fn": None, "batches": batches, "optimizer": optimizer, "step": step}


@faulty("generative", "posterior-collapsed")
def pixels_averaged_and_codes_added(mended):
    """The error is a mean over the pixels, and the divergence a sum over the code: the code falls silent."""

    def step(model, batch):
        drawn, mean, log_variance = model(batch[0])
        errors = (drawn - batch[1].flatten(1)).square()
        error = errors.sum(1).mean() if mended else errors.mean()
        return error + divergence(mean, log_variance).mean()

    return drawing(Autoencoder(), step)


@faulty("generative", "posterior-collapsed", "setting-without-effect")
def weight_kept_and_never_used(mended):
    """The model keeps the weight of the divergence, and the loss does not read it."""

    def step(model, batch):
        drawn, mean, log_variance = model(batch[0])
        error = (drawn - batch[1].flatten(1)).square().mean()
        cost = divergence(mean, log_variance).mean()
        return error + (model.beta * cost if mended else cost)

    return drawing(Autoencoder(beta=1e-3), step)


@faulty("generative", "loss-unbounded", "loss-grows-towards-truth", further=True)
def divergence_rewarded(mended):
    """The sign of the divergence is lost: codes run away from the noise that they are to be drawn from."""

    def step(model, batch):
        drawn, mean, log_variance = model(batch[0])
        error = (drawn - batch[1].flatten(1)).square().sum(1).mean()
        cost = divergence(mean, log_variance).mean()
        return error + cost if mended else error - cost

    return drawing(Autoencoder(), step)


@faulty("generative", "gradient-cut-off", "part-without-gradient", further=True)
def uncertainty_taken_as_given(mended):
    """The draw is made from a distribution without rsample: no gradient of the error reaches the encoder."""

    def step(model, batch):
        mean, log_variance = model.encoder(batch[0].flatten(1)).chunk(2, 1)
        chances = torch.distributions.Normal(mean, (log_variance / 2).exp())
        drawn = model.decoder(chances.rsample() if mended else chances.sample())
        return (drawn - batch[1].flatten(1)).square().sum(1).mean()

    return drawing(Autoencoder(), step)
