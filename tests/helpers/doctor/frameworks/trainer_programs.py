"""A small classifier under a transformers Trainer: what the tests change parts of."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.helpers.doctor.frameworks.peers import peer

transformers = peer("transformers")
peer("accelerate")


class Network(nn.Module):
    """A classifier of three classes that makes its loss itself."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))

    def forward(self, inputs=None, labels=None):
        scores = self.layers(inputs)
        return {"loss": F.cross_entropy(scores, labels), "logits": scores}


def samples(count=128):
    """Points and the largest of their first three numbers, in a list of dicts."""
    inputs = torch.randn(count, 6)
    return [{"inputs": one, "labels": label} for one, label in zip(inputs, inputs[:, :3].argmax(1), strict=True)]


MADE_WITH = ("model", "train_dataset", "eval_dataset", "optimizers", "compute_metrics", "callbacks")


def trainer(folder, kind=transformers.Trainer, **options):
    """A Trainer that writes to a folder; options are its own, or of its TrainingArguments."""
    made_with = {name: options.pop(name) for name in MADE_WITH if name in options}
    settings = {"per_device_train_batch_size": 16, "use_cpu": True, "report_to": [], "learning_rate": 1e-2}
    arguments = transformers.TrainingArguments(str(folder), **{**settings, **options})
    made_with.setdefault("model", Network())
    made_with.setdefault("train_dataset", samples())
    return kind(args=arguments, **made_with)
