"""What is measured is what is there: sizes, times and memory of models whose costs are known."""

import subprocess
import sys
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from book.notebooks import ROOT
from helpers.deploy import measure as module
from helpers.deploy.measure import measure, peak_memory, time_runs


def product(width):
    """A model (N, width) -> (N, width): one matrix product, whose weights alone take 4 width^2 bytes."""
    weight = numpy_helper.from_array(np.zeros((width, width), dtype=np.float32), "weight")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width]) for name in ("images", "logits")]
    node = helper.make_node("MatMul", ["images", "weight"], ["logits"])
    graph = helper.make_graph([node], "product", ends[:1], ends[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def test_a_larger_model_costs_more():
    small, large = (measure(product(width), batches=(1, 16), seconds=0.02) for width in (8, 1500))
    assert small.size == len(product(8))
    assert set(small.latency) == {1, 16}
    assert large.size - small.size == pytest.approx(4 * 1500**2, rel=0.01)
    assert large.peak - small.peak > 0.8 * 4 * 1500**2 / 2**20
    for size in (1, 16):
        assert large.latency[size].median > small.latency[size].median


def test_a_broken_file_is_an_error_that_says_so():
    with pytest.raises(RuntimeError, match=r"measuring failed: [\s\S]*InvalidProtobuf"):
        measure(b"no model")


def test_median_and_p95_are_those_of_numpy(monkeypatch):
    durations = [0.0, 0.0] + [0.001 * (1 + run % 10) for run in range(20)]  # two calls to warm up, then twenty
    now, calls = [0.0], []

    def work():
        now[0] += durations[len(calls)]
        calls.append(now[0])

    clock = iter([0.0])  # the deadline of the warm-up is over at once
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock, now[0]))
    durations = durations[1:]
    found = time_runs(work, seconds=0)
    assert len(calls) == 21
    assert found.median == pytest.approx(1000 * np.quantile(durations[1:], 0.5))
    assert found.p95 == pytest.approx(1000 * np.quantile(durations[1:], 0.95))


def test_runs_fill_the_seconds():
    calls = []
    time_runs(lambda: calls.append(time.sleep(0.001)), seconds=0.1)
    assert 20 < len(calls) <= 125


def test_peak_stays_after_memory_is_given_back():
    before = peak_memory()
    block = np.ones(64 * 2**20, dtype=np.uint8)
    del block
    assert peak_memory() >= before
    code = "import numpy as np\nfrom helpers.deploy.measure import peak_memory\nstart = peak_memory()\n"
    code += "block = np.ones(64 * 2**20, dtype=np.uint8)\ndel block\nprint(peak_memory() - start)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(64, abs=4)


def test_the_parent_does_not_count():
    """A child of a large process starts small; ru_maxrss on Linux would say otherwise."""
    block = np.ones(600 * 2**20, dtype=np.uint8)
    code = "from helpers.deploy.measure import peak_memory\nprint(peak_memory())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) < len(block) / 2**20


@pytest.mark.parametrize("name", ["measure", "compress"])
def test_needs_no_torch(name):
    code = f"import sys\nimport helpers.deploy.{name}\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
