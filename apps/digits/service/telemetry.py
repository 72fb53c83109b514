"""What the service counts, in the format that Prometheus reads."""

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from apps.digits.model_folder import ModelCard

Array = NDArray[np.float32]
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Telemetry:
    """Counters of one service; each has a registry of its own, so that two may live in a process.

    Args:
        card: of the model that is served.
    """

    def __init__(self, card: ModelCard) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter("service_requests", "By path and status", ["path", "status"], registry=registry)
        self.seconds = Histogram(
            "service_predict_seconds",
            "Seconds from a request's head to its answer, for answered predictions",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
            registry=registry,
        )
        self.batches = Histogram(
            "service_batch_images", "Images in a batch", buckets=(1, 2, 4, 8, 16, 32, 64), registry=registry
        )
        self.waiting = Gauge("service_waiting_requests", "Requests that wait for an answer", registry=registry)
        self._ink = Counter("service_ink", "Mean values of the answered images, summed", registry=registry)
        self._certainty = Counter("service_certainty", "Probabilities of the classes named, summed", registry=registry)
        self._doubted = Counter("service_doubted", "Answered images whose answer is doubted", registry=registry)
        self._answers = Counter("service_answers", "Answered images by the class named", ["class"], registry=registry)
        self._classes = card.classes
        for name in card.classes:
            self._answers.labels(name)  # so that every class is listed from the start
        info = Gauge("service_model_info", "Which model is served", ["name", "sha256"], registry=registry)
        info.labels(card.name, card.sha256).set(1)

    def watch(self, images: Array, probabilities: Array, doubts: list[list[str]]) -> None:
        """Count what came and what was answered: nobody tells the service whether it was right.

        Args:
            images: (N, H, W), in [0, 1].
            probabilities: (N, K).
            doubts: for each image, why its answer is to be doubted.
        """
        self._doubted.inc(sum(map(bool, doubts)))
        self._ink.inc(float(images.mean(axis=(1, 2)).sum()))
        self._certainty.inc(float(probabilities.max(axis=1).sum()))
        for index in probabilities.argmax(axis=1).tolist():
            self._answers.labels(self._classes[index]).inc()

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self._registry)
