"""What is exported computes what PyTorch computes, for any number of images."""

import onnx
import pytest
import torch
from torch import nn

from book.notebooks import ROOT
from helpers import models
from helpers.deploy.export import largest_difference, to_onnx
from helpers.deploy.session import open_session


@pytest.fixture(scope="module")
def pair():
    torch.manual_seed(0)
    model = models.ConvNet()
    return model, to_onnx(model, torch.rand(2, 1, 28, 28))


@pytest.mark.parametrize("count", [1, 2, 7, 64])
def test_parity_over_random_inputs(pair, count):
    model, exported = pair
    generator = torch.Generator().manual_seed(count)
    for scale in (1, 100):
        assert (
            largest_difference(model, exported, scale * torch.rand(count, 1, 28, 28, generator=generator))
            < 1e-4 * scale
        )


def test_a_difference_is_found(pair):
    _, exported = pair
    torch.manual_seed(1)
    assert largest_difference(models.ConvNet(), exported, torch.rand(4, 1, 28, 28)) > 1e-3


def test_the_file_is_whole_and_valid(pair):
    _, exported = pair
    model = onnx.load_from_string(exported)
    onnx.checker.check_model(model, full_check=True)
    assert [value.name for value in model.graph.input] == ["images"]
    assert [value.name for value in model.graph.output] == ["logits"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param


def test_the_file_names_no_folder_of_this_machine(pair):
    _, exported = pair
    assert b"site-packages" not in exported
    assert str(ROOT).encode() not in exported
    assert b".py" not in exported


def test_the_same_model_gives_the_same_file_wherever_it_was_written():
    """A notebook's cell has another name in every run."""
    source = "class Net(nn.Linear):\n    def forward(self, x):\n        return super().forward(x)"
    files = []
    for name in ("/tmp/ipykernel_1/2.py", "/tmp/ipykernel_34567/2.py"):
        names = {"nn": nn, "__name__": "cell"}
        exec(compile(source, name, "exec"), names)
        torch.manual_seed(0)
        files.append(to_onnx(names["Net"](3, 2), torch.zeros(2, 3)))
    assert files[0] == files[1]


def test_dropout_is_off_and_the_mode_is_restored():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 3), nn.Dropout(0.5)).train()
    images = torch.rand(5, 1, 28, 28)
    exported = to_onnx(model, images)
    assert model.training
    assert largest_difference(model, exported, images) < 1e-5
    assert model.training


def test_one_example_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        to_onnx(models.ConvNet(), torch.rand(1, 1, 28, 28))


def test_threads_are_bounded(pair):
    options = open_session(pair[1], threads=2).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
