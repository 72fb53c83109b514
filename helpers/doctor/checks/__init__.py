"""The checks of model, loss and data, in the order in which they run."""

from helpers.doctor.checks.aftermath import check_aftermath, check_one_batch
from helpers.doctor.checks.axes import check_axes
from helpers.doctor.checks.calls import check_loss_calls
from helpers.doctor.checks.check import Check
from helpers.doctor.checks.checkpoints import check_checkpoint
from helpers.doctor.checks.data import check_masks, check_values
from helpers.doctor.checks.dead import check_dead_units
from helpers.doctor.checks.evaluation import check_evaluation
from helpers.doctor.checks.freezing import check_freeze_flags
from helpers.doctor.checks.gradients import check_finite, check_flow
from helpers.doctor.checks.labels import check_label_column, check_label_information
from helpers.doctor.checks.losses import check_class_weights, check_direction
from helpers.doctor.checks.mirrored import check_mirrored
from helpers.doctor.checks.modes import check_batch_of_one, check_determinism, check_dropout
from helpers.doctor.checks.order import check_epochs, check_order, check_target_order
from helpers.doctor.checks.outputs import check_batch, check_in_place, check_input
from helpers.doctor.checks.padded_loss import check_padded_loss
from helpers.doctor.checks.padding import check_padding
from helpers.doctor.checks.pairs import check_pairs
from helpers.doctor.checks.places import check_place
from helpers.doctor.checks.ranges import check_growth, check_ranges
from helpers.doctor.checks.registration import check_optimizer, check_registration
from helpers.doctor.checks.repeats import check_repeats
from helpers.doctor.checks.sequence import check_steps
from helpers.doctor.checks.settings import check_settings
from helpers.doctor.checks.splits import check_labels, check_overlap, check_scaling, check_twins
from helpers.doctor.checks.starts import check_shared_layers, check_start_loss
from helpers.doctor.checks.target_scale import check_target_scale
from helpers.doctor.checks.target_values import check_target_values
from helpers.doctor.checks.units import check_equal_units
from helpers.doctor.checks.words import check_padding_word
from helpers.doctor.checks.workers import check_workers

CHECKS = (
    Check("registered parameters", check_registration, ("loss",)),
    Check("what the optimizer holds", check_optimizer, ("optimizer",)),
    Check("flags that freeze", check_freeze_flags),
    Check("what the checkpoint holds", check_checkpoint, ("checkpoint",)),
    Check("numbers that are finite", check_finite, ("loss",)),
    Check("gradient flow", check_flow, ("loss",)),
    Check("layers in several places", check_shared_layers, ("calls",)),
    Check("the first loss", check_start_loss, ("loss", "answers")),
    Check("units that differ", check_equal_units, ("optimizer",)),
    Check("units that answer", check_dead_units, ("loss",)),
    Check("dependence on the input", check_input, ("calls",), each_part=True),
    Check("dependence on the batch", check_batch, ("calls",), each_part=True),
    Check("place in the batch", check_place, ("calls",), each_part=True),
    Check("order of the axes", check_axes),
    Check("values changed in place", check_in_place, ("calls",)),
    Check("equal answers in eval mode", check_determinism, ("calls",), each_part=True),
    Check("strength of dropout", check_dropout),
    Check("batches of one sample", check_batch_of_one, ("calls",)),
    Check("answer against its own target", check_pairs, ("loss", "answers")),
    Check("what torch's losses are handed", check_loss_calls, ("loss",)),
    Check("targets that torch's losses are handed", check_target_values),
    Check("growth of the loss", check_growth, ("loss", "answers")),
    Check("direction of the loss", check_direction, ("loss", "answers")),
    Check("weights of the classes", check_class_weights, ("loss", "answers")),
    Check("weights of terms", check_settings),
    Check("range of the answers", check_ranges, ("loss", "answers")),
    Check("targets of sequences", check_steps, ("loss", "answers")),
    Check("influence of padding", check_padding, ("answers",)),
    Check("padding in the loss's mean", check_padded_loss, ("loss",)),
    Check("words that are padding", check_padding_word),
    Check("batches that differ", check_repeats),
    Check("order of the training set", check_order),
    Check("order of the targets", check_target_order),
    Check("two epochs", check_epochs),
    Check("workers that draw", check_workers),
    Check("labels among the inputs", check_label_column),
    Check("labels that go with the inputs", check_label_information),
    Check("values of the training set", check_values),
    Check("scale of the targets", check_target_scale, ("loss", "answers", "optimizer")),
    Check("masks that fit their images", check_masks),
    Check("samples on both sides", check_overlap, ("valid",)),
    Check("images turned or mirrored on both sides", check_mirrored, ("valid",)),
    Check("near copies on both sides", check_twins, ("valid",)),
    Check("scaling of both sides", check_scaling, ("valid",)),
    Check("labels of both sides", check_labels, ("valid",)),
    Check("the evaluation's score", check_evaluation, ("evaluate", "valid")),
    Check("a short training", check_aftermath),
    Check("one batch", check_one_batch, ("loss", "optimizer")),
)

__all__ = ["CHECKS", "Check"]
