"""Micro-batching: requests that arrive together go through the model together."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from apps.digits.service.refusals import RefusedError

Array = NDArray[np.float32]
Request = tuple[Array, "asyncio.Future[Array]"]


class Batcher:
    """One worker that gathers images until a batch is full, nothing more is on its way, or time is up.

    While a batch runs in a thread of its own, the next one gathers; so under load batches fill by themselves.

    Args:
        run: (N, ...) -> (N, ...), called in one thread.
        batch_size: images in a batch, at most; a larger single request makes a batch of its own.
        wait: seconds that a batch waits for requests that are on their way.
        max_waiting: requests that may wait for an answer.
        observe: called with the number of images of each batch; by default nothing comes of it.
    """

    def __init__(
        self,
        run: Callable[[Array], Array],
        *,
        batch_size: int,
        wait: float,
        max_waiting: int,
        observe: Callable[[int], object] = int,
    ) -> None:
        self._run = run
        self._batch_size = batch_size
        self._wait = wait
        self._max_waiting = max_waiting
        self._observe = observe
        self._queue: deque[Request] = deque()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._worker: asyncio.Task[None] | None = None
        self.coming = 0  # requests whose body is being read
        self.waiting = 0  # requests that wait for an answer

    def start(self) -> None:
        """Start the worker in the running event loop."""
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """Stop the worker; nobody may be waiting any more."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        self._thread.shutdown()

    @property
    def alive(self) -> bool:
        """Whether the worker runs."""
        return self._worker is not None and not self._worker.done()

    def check_room(self) -> None:
        """Refuse now what could not be answered soon.

        Raises:
            RefusedError: 503, as many requests wait as may.
        """
        if self.waiting >= self._max_waiting:
            raise RefusedError(503, "busy", "Too many requests are waiting; try again in a second.", retry_after=1)

    async def __call__(self, images: Array) -> Array:
        """Return the model's outputs for images (N, ...).

        Raises:
            RefusedError: 503, as many requests wait as may.
        """
        self.check_room()
        future: asyncio.Future[Array] = asyncio.get_running_loop().create_future()
        self.waiting += 1
        try:
            self._queue.append((images, future))
            self._arrived.set()
            return await future
        finally:
            self.waiting -= 1

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            requests = await self._gather()
            images = np.concatenate([images for images, _ in requests])
            self._observe(len(images))
            try:
                outputs = await loop.run_in_executor(self._thread, self._run, images)
            except Exception as error:  # one broken batch must not stop the worker
                for _, future in requests:
                    _settle(future, error)
                continue
            ends = np.cumsum([len(images) for images, _ in requests])[:-1]
            for (_, future), part in zip(requests, np.split(outputs, ends), strict=True):
                _settle(future, part)

    async def _gather(self) -> list[Request]:
        """Wait for a request, then for those on their way, within the limits of size and time."""
        loop = asyncio.get_running_loop()
        await self._next(None)
        requests: list[Request] = []
        count, until = 0, loop.time() + self._wait
        while True:
            while self._queue and (not requests or count + len(self._queue[0][0]) <= self._batch_size):
                requests.append(self._queue.popleft())
                count += len(requests[-1][0])
            if self._queue or count >= self._batch_size or not self.coming:
                return requests
            if not await self._next(until - loop.time()):
                return requests

    async def _next(self, seconds: float | None) -> bool:
        """Wait until something is queued, or for some seconds; return whether something is."""
        if not self._queue:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), seconds)
            except TimeoutError:
                return False
        return True


def _settle(future: "asyncio.Future[Array]", outcome: Array | Exception) -> None:
    if future.done():  # the client has gone, or took too long
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
