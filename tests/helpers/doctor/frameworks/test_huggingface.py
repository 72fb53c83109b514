"""Hugging Face's Trainer under the doctor. Needs transformers and accelerate: .venv-bench has them."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import lr_scheduler as schedules

from helpers import doctor
from tests.helpers.doctor.frameworks.peers import causes
from tests.helpers.doctor.frameworks.trainer_programs import Network, samples, trainer, transformers


def test_a_right_trainer_is_healthy(tmp_path):
    report = doctor.examine_trainer(trainer(tmp_path, eval_dataset=samples(64)))
    assert causes(report) == []
    assert not any("stopped" in sentence for sentence in report.left_out)


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

    class Endless(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(samples())

    endless = trainer(tmp_path, max_steps=50, train_dataset=Endless())
    assert causes(doctor.examine_trainer(endless)) == []
    endless.args.max_steps = -1
    with pytest.raises(doctor.ProgramError, match="expected max_steps="):
        doctor.examine_trainer(endless)


def test_training_and_validation_are_compared(tmp_path):
    train = samples()
    overlapping = trainer(tmp_path, train_dataset=train, eval_dataset=train[:40])
    assert causes(doctor.examine_trainer(overlapping)) == ["valid-overlaps-train"]
    several = trainer(tmp_path, train_dataset=train, eval_dataset={"near": train[:40], "far": samples(64)})
    assert causes(doctor.examine_trainer(several)) == ["valid-overlaps-train"]
    scaled = trainer(tmp_path, eval_dataset=[{**one, "inputs": 255 * one["inputs"]} for one in samples(64)])
    assert causes(doctor.examine_trainer(scaled)) == ["valid-scaled-otherwise"]


def with_schedule(tmp_path, make, other=False, **options):
    """A trainer that was given this scheduler, of its own optimizer or of another one."""
    model = Network()
    optimizers = [torch.optim.AdamW(model.parameters(), lr=1e-2) for _ in range(2)]
    options["optimizers"] = optimizers[0], make(optimizers[other])
    return trainer(tmp_path, model=model, num_train_epochs=10, **options)


def test_schedules_that_the_trainer_was_given(tmp_path):
    def found(make, **options):
        return causes(doctor.examine_trainer(with_schedule(tmp_path, make, **options)))

    cosine = schedules.CosineAnnealingLR
    assert found(lambda optimizer: cosine(optimizer, T_max=3)) == ["rate-gone-early"]
    assert found(lambda optimizer: cosine(optimizer, T_max=80)) == []
    assert found(lambda optimizer: schedules.StepLR(optimizer, 2, 0.1)) == ["rate-gone-early"]
    assert found(lambda optimizer: schedules.StepLR(optimizer, 40, 0.1)) == []
    assert found(lambda optimizer: schedules.ExponentialLR(optimizer, 1.2)) == ["rate-grows"]
    assert found(lambda optimizer: cosine(optimizer, T_max=80), other=True) == ["schedule-of-another-optimizer"]


@pytest.mark.parametrize("kind", ["linear", "cosine", "cosine_with_restarts", "constant_with_warmup"])
def test_schedules_that_the_trainer_makes_are_right(tmp_path, kind):
    given = trainer(tmp_path, lr_scheduler_type=kind, warmup_steps=4, num_train_epochs=1)
    assert causes(doctor.examine_trainer(given)) == []


def test_a_schedule_that_a_trainer_of_ones_own_makes(tmp_path):
    class Own(transformers.Trainer):
        gamma = 0.1

        def create_scheduler(self, num_training_steps, optimizer=None):  # noqa: ARG002  as the Trainer calls it
            self.lr_scheduler = schedules.ExponentialLR(optimizer or self.optimizer, self.gamma)
            return self.lr_scheduler

    assert causes(doctor.examine_trainer(trainer(tmp_path, Own))) == ["rate-gone-early"]
    Own.gamma = 0.99
    assert causes(doctor.examine_trainer(trainer(tmp_path, Own))) == []


def test_a_plateau_looks_at_a_score_as_if_it_were_a_loss(tmp_path):
    def found(figure, mode):
        given = trainer(
            tmp_path,
            eval_dataset=samples(64),
            lr_scheduler_type="reduce_lr_on_plateau",
            lr_scheduler_kwargs={"mode": mode},
            eval_strategy="epoch",
            metric_for_best_model=figure,
            compute_metrics=lambda seen: {"accuracy": float((seen.predictions.argmax(1) == seen.label_ids).mean())},
        )
        report = doctor.examine_trainer(given)
        assert not any("stopped" in sentence for sentence in report.left_out), report.left_out
        return causes(report)

    assert found("accuracy", "min") == ["schedule-wrong-way"]
    assert found("accuracy", "max") == []
    assert found("loss", "min") == []


def test_what_stops_the_loop_is_told(tmp_path):
    class Stopping(transformers.Trainer):
        def training_step(self, *_, **__):
            raise KeyError("mine")

    report = doctor.examine_trainer(trainer(tmp_path, Stopping))
    assert any("the Trainer's own loop: stopped by KeyError" in sentence for sentence in report.left_out)


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
