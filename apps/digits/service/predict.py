"""What /predict does with a request, from its head to its answer."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from fastapi import Request
from fastapi.responses import Response
from numpy.typing import NDArray

from apps.digits.service.batching import Batcher
from apps.digits.service.decode import gray, picture_of
from apps.digits.service.model import Model
from apps.digits.service.parse_json import parse_images
from apps.digits.service.preprocess import prepare
from apps.digits.service.request_body import check_head, read_body
from apps.digits.service.settings import Settings
from apps.digits.service.telemetry import Telemetry

Array = NDArray[np.float32]
JSON, FORM = "application/json", "multipart/form-data"


class Predictor:
    """Reads, checks, batches and answers.

    Args:
        model: what predicts.
        settings: the bounds.
        counts: what to count in.
    """

    def __init__(self, model: Model, settings: Settings, counts: Telemetry) -> None:
        self._model = model
        self._settings = settings
        self._counts = counts
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self.batcher = Batcher(
            model.probabilities,
            batch_size=settings.batch_size,
            wait=settings.batch_wait,
            max_waiting=settings.max_waiting,
            observe=counts.batches.observe,
        )

    async def stop(self) -> None:
        """Stop the threads; nothing may be in flight any more."""
        await self.batcher.stop()
        self._decoder.shutdown()

    async def answer(self, request: Request) -> Response:
        """Return the probabilities of each image."""
        settings = self._settings
        media_type = check_head(request, accepted=(JSON, FORM), max_body=settings.max_body)
        self.batcher.coming += 1
        try:
            body = await read_body(request, max_body=settings.max_body, timeout=settings.body_timeout)
        finally:
            self.batcher.coming -= 1
        self.batcher.check_room()  # it may have filled up in the meantime: parse nothing in vain
        if media_type == FORM:
            return await self._answer_picture(request, body)
        images = parse_images(body, shape=self._model.image_shape, max_images=settings.max_images)
        return await self._predict(images)

    async def _answer_picture(self, request: Request, body: bytes) -> Response:
        content = await picture_of(request, body)
        self.batcher.waiting += 1  # decoding is work that others wait for, too
        try:
            seen = await asyncio.get_running_loop().run_in_executor(self._decoder, self._prepare, content)
        finally:
            self.batcher.waiting -= 1
        return await self._predict(seen[None], seen=np.round(seen, 3).tolist())

    async def _predict(self, images: Array, **extra: object) -> Response:
        probabilities = await self.batcher(images)
        doubts = self._model.doubts(images, probabilities)
        self._counts.watch(images, probabilities, doubts)
        return self._reply(probabilities, doubts, **extra)

    def _prepare(self, content: bytes) -> Array:
        return prepare(gray(content, max_pixels=self._settings.max_pixels), self._model.card.preprocessing)

    def _reply(self, probabilities: Array, doubts: list[list[str]], **extra: object) -> Response:
        classes = self._model.card.classes
        best = probabilities.argmax(axis=1)
        rows = np.round(probabilities.astype(np.float64), 6).tolist()
        predictions = [
            {"class": classes[index], "probability": row[index], "probabilities": row, "doubts": sentences}
            for index, row, sentences in zip(best.tolist(), rows, doubts, strict=True)
        ]
        answer = {"classes": classes, "predictions": predictions, **extra}
        return Response(json.dumps(answer), media_type=JSON)
