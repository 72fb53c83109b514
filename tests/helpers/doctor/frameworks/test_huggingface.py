"""Hugging Face's Trainer under the doctor. Needs transformers and accelerate: .venv-bench has them."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers import doctor

transformers = pytest.importorskip("transformers", reason="transformers is not installed here; .venv-bench has it")
pytest.importorskip("accelerate", reason="accelerate is not installed here; .venv-bench has it")


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))

    def forward(self, inputs=None, labels=None):
        scores = self.layers(inputs)
        return {"loss": F.cross_entropy(scores, labels), "logits": scores}


def trainer(tmp_path, kind=None, **options):
    inputs = torch.randn(128, 6)
    data = [{"inputs": one, "labels": label} for one, label in zip(inputs, inputs[:, :3].argmax(1), strict=True)]
    arguments = transformers.TrainingArguments(
        str(tmp_path), per_device_train_batch_size=16, use_cpu=True, report_to=[], learning_rate=1e-2, **options
    )
    return (kind or transformers.Trainer)(model=Network(), args=arguments, train_dataset=data)


def causes(report, grade="fault"):
    return [finding.cause for finding in report if finding.grade == grade]


def test_a_right_trainer_is_healthy_and_left_as_it_was(tmp_path):
    given = trainer(tmp_path)
    before = {name: tensor.clone() for name, tensor in given.model.state_dict().items()}
    assert causes(doctor.examine_trainer(given)) == []
    assert all(torch.equal(before[name], tensor) for name, tensor in given.model.state_dict().items())
    assert given.optimizer is None
    assert given.args.max_steps == -1
    assert given.state.global_step == 0
    assert list(tmp_path.iterdir()) == []


def test_accumulation_by_the_trainer_is_right(tmp_path):
    assert causes(doctor.examine_trainer(trainer(tmp_path, gradient_accumulation_steps=2))) == []


def test_a_trainer_that_leaves_the_last_layer_out(tmp_path):
    class Partial(transformers.Trainer):
        def create_optimizer(self, *_):
            self.optimizer = torch.optim.AdamW(self.model.layers[2].parameters(), lr=1e-2)
            return self.optimizer

    assert "optimizer-misses-parameters" in causes(doctor.examine_trainer(trainer(tmp_path, Partial)))


def test_odd_arguments_are_answered_in_a_sentence(tmp_path):
    with pytest.raises(doctor.ProgramError, match="expected a transformers Trainer"):
        doctor.examine_trainer(nn.Linear(1, 1))
    empty = trainer(tmp_path)
    empty.train_dataset = None
    with pytest.raises(doctor.ProgramError, match="without training data"):
        doctor.examine_trainer(empty)


def test_an_output_of_transformers_is_checked_where_the_loss_reads_it():
    class Answering(nn.Module):
        def __init__(self, shares):
            super().__init__()
            self.shares, self.first, self.last = shares, nn.Linear(6, 16), nn.Linear(16, 3)

        def forward(self, inputs):
            features = self.first(inputs).relu()
            scores = self.last(features)
            return transformers.modeling_outputs.SequenceClassifierOutput(
                hidden_states=(features,), logits=scores.softmax(1) if self.shares else scores
            )

    def found(shares):
        model, inputs = Answering(shares), torch.randn(128, 6)
        batches = list(zip(inputs.split(16), inputs[:, :3].argmax(1).split(16), strict=True))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        report = doctor.examine(
            model, lambda output, labels: F.cross_entropy(output.logits, labels), batches, optimizer
        )
        return [finding.cause for finding in report if finding.grade == "fault"]

    assert found(shares=True) == ["softmax-before-cross-entropy"]
    assert found(shares=False) == []
