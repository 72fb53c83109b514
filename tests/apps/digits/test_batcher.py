"""Requests that arrive together are answered together, each with its own rows."""

import asyncio
import threading

import numpy as np
import pytest

from apps.digits.service.batching import Batcher
from apps.digits.service.refusals import RefusedError


def images(*values):
    return np.array(values, dtype=np.float32)[:, None]


class Slow:
    """Stands for a model: doubles its input, and waits until it is let go."""

    def __init__(self):
        self.sizes, self.gate = [], threading.Event()

    def __call__(self, batch):
        self.sizes.append(len(batch))
        assert self.gate.wait(10)
        return 2 * batch


def run(scenario, **options):
    """Run a scenario (batcher, model) in an event loop; return the sizes of the batches."""
    model = Slow()

    async def main():
        batcher = Batcher(model, **{"batch_size": 4, "wait": 0.0, "max_waiting": 8} | options)
        batcher.start()
        try:
            await asyncio.wait_for(scenario(batcher, model), 10)
        finally:
            model.gate.set()
            await batcher.stop()
        assert not batcher.alive
        assert batcher.waiting == 0

    asyncio.run(main())
    return model.sizes


def test_each_gets_its_own_rows_and_batches_fill_while_one_runs():
    async def scenario(batcher, model):
        tasks = [asyncio.create_task(batcher(images(*range(10 * i, 10 * i + i % 3 + 1)))) for i in range(8)]
        await asyncio.sleep(0.05)
        model.gate.set()
        for i, answer in enumerate(await asyncio.gather(*tasks)):
            assert answer[:, 0].tolist() == [2 * value for value in range(10 * i, 10 * i + i % 3 + 1)]

    sizes = run(scenario)
    assert sum(sizes) == sum(i % 3 + 1 for i in range(8))
    assert max(sizes) <= 4
    assert len(sizes) < 8


def test_a_request_larger_than_a_batch_goes_alone():
    async def scenario(batcher, model):
        model.gate.set()
        assert len(await batcher(images(*range(9)))) == 9

    assert run(scenario) == [9]


def test_waits_for_what_is_on_its_way_and_for_nothing_else():
    async def scenario(batcher, model):
        model.gate.set()
        await asyncio.wait_for(batcher(images(1)), 5)  # alone: 60 seconds are not waited
        batcher.coming = 1
        first = asyncio.create_task(batcher(images(1)))
        await asyncio.sleep(0.05)
        batcher.coming = 0
        await asyncio.gather(first, batcher(images(2)))

    assert run(scenario, wait=60.0) == [1, 2]


def test_gives_up_waiting_in_time():
    async def scenario(batcher, model):
        model.gate.set()
        batcher.coming = 1
        await batcher(images(1))

    assert run(scenario, wait=0.01) == [1]


def test_sheds_beyond_its_room_and_recovers():
    async def scenario(batcher, model):
        tasks = [asyncio.create_task(batcher(images(i))) for i in range(8)]
        await asyncio.sleep(0.01)
        with pytest.raises(RefusedError) as caught:
            await batcher(images(9))
        assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "1"})
        model.gate.set()
        await asyncio.gather(*tasks)
        assert (await batcher(images(9)))[0, 0] == 18

    run(scenario)


def test_a_broken_batch_fails_its_requests_and_no_others():
    def model(batch):
        if batch.max() > 5:
            raise RuntimeError("broken")
        return batch

    async def main():
        batcher = Batcher(model, batch_size=1, wait=0.0, max_waiting=8)
        batcher.start()
        with pytest.raises(RuntimeError, match="broken"):
            await batcher(images(9))
        assert (await batcher(images(1)))[0, 0] == 1
        await batcher.stop()

    asyncio.run(main())


def test_a_client_that_leaves_disturbs_nobody():
    async def scenario(batcher, model):
        gone = asyncio.create_task(batcher(images(1)))
        stays = asyncio.create_task(batcher(images(2)))
        await asyncio.sleep(0.05)
        gone.cancel()
        model.gate.set()
        assert (await stays)[0, 0] == 4

    run(scenario)
