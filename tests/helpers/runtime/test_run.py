"""The start of a chapter: device, seeds, threads, and one line that says what runs where."""

import random

import numpy as np
import pytest
import torch

from helpers.runtime import DeviceError, ParameterError, Precision, choose_device, run, seed_everything, start
from helpers.runtime import device as devices

CPU = {"seed": 7, "device": "cpu"}


@pytest.fixture(autouse=True)
def _leave_settings_alone():
    """A start changes PyTorch's global settings; put them back for the tests that follow."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)
    torch.utils.deterministic.fill_uninitialized_memory = True


def test_start_says_what_runs_where(capsys):
    start(CPU, gpu_gain="nothing at this size")
    out = capsys.readouterr().out
    assert out.startswith("Running on cpu (")
    assert f"1 thread) in float32, seed 7, torch {torch.__version__}. A GPU would bring: nothing at this size." in out
    assert out.count("\n") == 1


def test_start_records_the_run(monkeypatch):
    shown = []
    monkeypatch.setattr(run, "show_line", lambda _line, data: shown.append(data[run.RUN_MIME]))
    started = start({**CPU, "epochs": 3}, epochs=(1, 9))
    assert shown == [started.record()]
    assert shown[0]["parameters"] == {"epochs": 3, "seed": 7, "device": "cpu"}
    assert shown[0]["versions"]["torch"] == torch.__version__


def test_start_pins_threads_and_asks_for_determinism():
    start(CPU, threads=1)
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.utils.deterministic.fill_uninitialized_memory


def draw():
    return random.random(), np.random.rand(), torch.rand(3).tolist()


def test_equal_seeds_draw_equal_numbers_from_all_three_sources():
    start(CPU)
    first = draw()
    start(CPU)
    assert draw() == first
    start({**CPU, "seed": 8})
    second = draw()
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_seed_everything_takes_the_whole_range():
    seed_everything(0)
    seed_everything(2**32 - 1)


def test_generators_depend_on_seed_and_offset_alone():
    started = start(CPU)
    torch.rand(5)  # the global generator has no influence
    numbers = [torch.rand(4, generator=started.generator(offset)).tolist() for offset in (0, 0, 1)]
    assert numbers[0] == numbers[1] != numbers[2]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"seed": -1}, "'seed' is -1"),
        ({"seed": 2**32}, "'seed' is 4294967296"),
        ({"device": "gpu"}, "'device' is 'gpu'"),
        ({"epoch": 3}, "no parameter 'epoch'"),
    ],
)
def test_start_refuses_wrong_parameters_before_anything_else(wrong, sentence, capsys):
    with pytest.raises(ParameterError, match=sentence):
        start({**CPU, **wrong})
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA GPU")
def test_a_missing_gpu_is_an_error_and_not_a_silent_cpu_run():
    with pytest.raises(DeviceError, match=r"device='cuda' was asked for, but this machine has only cpu"):
        choose_device("cuda")


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "cpu"), (False, False, "cpu")],
)
def test_auto_takes_cuda_or_the_cpu_and_mps_only_by_name(monkeypatch, cuda, mps, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device("auto").type == chosen


def test_an_unknown_device_is_named():
    with pytest.raises(DeviceError, match="'tpu' is not one of auto, cpu, cuda, mps"):
        choose_device("tpu")


@pytest.mark.parametrize(
    ("capability", "dtype"), [((7, 5), torch.float16), ((8, 0), torch.bfloat16), ((9, 0), torch.bfloat16)]
)
def test_mixed_precision_takes_what_the_gpu_computes_natively(monkeypatch, capability, dtype):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    assert devices.choose_precision(torch.device("cuda"), mixed=True) == Precision("cuda", dtype)


@pytest.mark.parametrize(
    ("flags", "dtype"),
    [("amx_bf16 avx2", torch.bfloat16), ("avx512_bf16", torch.bfloat16), ("avx2", torch.float32), ("", torch.float32)],
)
def test_mixed_precision_on_a_cpu_needs_instructions_for_it(monkeypatch, flags, dtype):
    monkeypatch.setattr(devices, "_cpu_line", lambda _: flags)
    assert devices.choose_precision(torch.device("cpu"), mixed=True).dtype == dtype


def test_without_mixed_precision_all_stays_float32():
    assert devices.choose_precision(torch.device("cuda"), mixed=False).dtype == torch.float32


def test_autocast_runs_products_in_low_precision_and_float32_leaves_them():
    product = torch.nn.Linear(4, 4)
    with Precision("cpu", torch.bfloat16).autocast():
        assert product(torch.ones(1, 4)).dtype == torch.bfloat16
    with Precision("cpu").autocast():
        assert product(torch.ones(1, 4)).dtype == torch.float32


def test_only_float16_needs_its_gradients_scaled():
    assert Precision("cuda", torch.float16).needs_scaling
    assert not Precision("cuda", torch.bfloat16).needs_scaling
    assert not Precision().needs_scaling
