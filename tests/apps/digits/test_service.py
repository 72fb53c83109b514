"""The service as a process of its own: it reads digits, says how it goes, and documents itself."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from wire import png

from apps.digits.strokes import STROKES, picture


def test_reads_the_test_set_as_json(client, digits):
    images, targets = digits.test.inputs[:, 0].tolist(), digits.test.targets.tolist()
    found = []
    for start in range(0, len(images), 32):
        reply = client.post("/predict", json={"images": images[start : start + 32]})
        assert reply.status_code == 200
        found += [prediction["class"] for prediction in reply.json()["predictions"]]
    assert np.mean([int(one) == other for one, other in zip(found, targets, strict=True)]) >= 0.95


@pytest.mark.parametrize("dark", [False, True], ids=["light on dark", "dark on light"])
def test_reads_uploaded_test_images(client, digits, dark):
    right = 0
    for image, target in zip(digits.test.inputs[:100, 0], digits.test.targets[:100], strict=True):
        pixels = np.round(255 * (1 - image.numpy() if dark else image.numpy())).astype(np.uint8)
        reply = client.post("/predict", files={"image": ("digit.png", png(Image.fromarray(pixels)))})
        right += int(reply.json()["predictions"][0]["class"]) == target
    assert right >= 95


@pytest.mark.parametrize("digit", STROKES)
def test_reads_a_drawn_digit(client, digit):
    answer = client.post("/predict", files={"image": ("drawing", png(picture(digit)))}).json()
    assert answer["predictions"][0]["class"] == digit
    assert np.array(answer["seen"]).shape == (28, 28)


def test_an_answer_is_complete(client, digits):
    answer = client.post("/predict", json={"images": digits.test.inputs[:3, 0].tolist()}).json()
    assert answer["classes"] == [str(digit) for digit in range(10)]
    assert len(answer["predictions"]) == 3
    for prediction in answer["predictions"]:
        assert sum(prediction["probabilities"]) == pytest.approx(1, abs=1e-4)
        best = int(np.argmax(prediction["probabilities"]))
        assert prediction["class"] == answer["classes"][best]
        assert prediction["probability"] == prediction["probabilities"][best]


def test_batching_changes_no_answer(client, digits):
    """Each image alone, and all together: the same to rounding."""
    images = digits.test.inputs[:20, 0].tolist()
    together = client.post("/predict", json={"images": images}).json()["predictions"]
    for image, expected in zip(images, together, strict=True):
        (alone,) = client.post("/predict", json={"images": [image]}).json()["predictions"]
        assert np.allclose(alone["probabilities"], expected["probabilities"], atol=1e-5)


def test_health_names_the_model(client):
    reply = client.get("/healthz")
    assert reply.status_code == 200
    assert reply.json()["status"] == "ok"
    assert {"name", "classes", "metrics", "sha256", "training", "versions"} <= set(reply.json()["model"])
    assert "reference" not in reply.json()["model"]  # thousands of numbers that nobody asked for
    assert reply.json()["limits"] == {"max_body": 2**20, "max_pixels": 4_000_000, "max_images": 32}


def test_what_is_unlike_a_digit_is_answered_with_a_doubt(client, digits):
    def doubted():
        lines = client.get("/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith("service_doubted_total")).split()[1])

    before = doubted()
    noise = np.random.default_rng(0).random((1, 28, 28)).round(3).tolist()
    known = digits.train.inputs[:1, 0].tolist()
    strange, usual = client.post("/predict", json={"images": noise + known}).json()["predictions"]
    assert "unlike" in " ".join(strange["doubts"])
    assert usual["doubts"] == []
    assert doubted() == before + 1


def test_metrics_count(client):
    def count(name):
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    refused, answered = 'service_requests_total{path="/predict",status="422"}', "service_predict_seconds_count"
    before = count(refused), count(answered), count("service_batch_images_sum")
    client.post("/predict", json={"images": []})
    client.post("/predict", json={"images": np.zeros((5, 28, 28)).tolist()})
    assert (count(refused), count(answered)) == (before[0] + 1, before[1] + 1)
    assert count("service_batch_images_sum") == before[2] + 5
    for name in range(50):
        client.get(f"/nothing/{name}")
    assert "nothing" not in client.get("/metrics").text  # addresses that do not exist fill no memory


def test_metrics_say_what_came_and_what_was_answered(client, digits):
    def counted():
        lines = client.get("/metrics").text.splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    images = digits.test.inputs[:30, 0]
    before = counted()
    assert sum(name.startswith("service_answers_total{") for name in before) == 10
    predictions = client.post("/predict", json={"images": images.tolist()}).json()["predictions"]
    client.post("/predict", json={"images": (255 * images).tolist()})  # refused: it must leave no trace
    grown = {name: value - before[name] for name, value in counted().items() if name in before}
    assert grown["service_ink_total"] == pytest.approx(images.mean(dim=(1, 2)).sum().item(), abs=1e-3)
    assert grown["service_certainty_total"] == pytest.approx(sum(p["probability"] for p in predictions), abs=1e-3)
    for name in "0123456789":
        named = sum(prediction["class"] == name for prediction in predictions)
        assert grown[f'service_answers_total{{class="{name}"}}'] == named


def test_documents_itself(client):
    described = client.get("/openapi.json").json()
    operation = described["paths"]["/predict"]["post"]
    assert set(operation["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    assert {"200", "400", "408", "413", "415", "422", "503"} <= set(operation["responses"])
    page = client.get("/docs")
    assert page.status_code == 200
    assert "POST /predict" in page.text
    assert "//cdn" not in page.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/static/../app.py", 404), ("GET", "/static/x", 404), ("GET", "/predict", 405)],
)
def test_errors_are_json(client, method, path, status):
    reply = client.request(method, path)
    assert reply.status_code == status
    assert set(reply.json()) == {"error", "detail"}


def test_pages_allow_nothing_from_elsewhere(client):
    for path in ("/", "/docs", "/static/draw.js", "/static/page.css"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_serves_without_torch(client, service):
    assert client.post("/predict", json={"images": np.zeros((1, 28, 28)).tolist()}).status_code == 200
    assert "libtorch" not in Path(f"/proc/{service.process.pid}/maps").read_text()
