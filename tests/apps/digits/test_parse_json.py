"""JSON bodies: right ones become arrays, each wrong one gets its status and a sentence."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.digits.service.parse_json import parse_images
from apps.digits.service.refusals import RefusedError

IMAGE = np.linspace(0, 1, 784).reshape(28, 28).round(4).tolist()


def parse(body):
    return parse_images(body, shape=(28, 28), max_images=4)


def body_with(value, place=(0, 3, 5)):
    images = json.loads(json.dumps([IMAGE, IMAGE]))
    image, row, column = place
    images[image][row][column] = value
    return json.dumps({"images": images}).encode()


def test_values_arrive():
    images = parse(json.dumps({"images": [IMAGE, IMAGE]}).encode())
    assert images.dtype == np.float32
    assert np.allclose(images, [IMAGE, IMAGE])
    assert parse(body_with(1)).max() == 1  # whole numbers are numbers, too


WRONG = {
    "nothing": (b"", 400, "no_json"),
    "half": (b'{"images": [[[0.', 400, "no_json"),
    "not UTF-8": (b'{"images": "\xff\xfe"}', 400, "no_json"),
    "a list": (b"[]", 422, "invalid"),
    "no images": (b"{}", 422, "invalid"),
    "null": (b'{"images": null}', 422, "invalid"),
    "empty": (b'{"images": []}', 422, "invalid"),
    "a surplus name": (b'{"images": [[[1]]], "model": "x"}', 422, "invalid"),
    "text": (body_with("0.5"), 422, "invalid"),
    "true": (body_with(True), 422, "invalid"),
    "null inside": (body_with(None), 422, "invalid"),
    "NaN": (body_with(float("nan")), 422, "invalid"),
    "Infinity": (body_with(float("inf")), 422, "invalid"),
    "1e999": (body_with(0.123).replace(b"0.123", b"1e999"), 422, "invalid"),
    "a huge integer": (body_with(0.123).replace(b"0.123", b"9" * 3000), 422, None),
    "above 1": (body_with(1.5), 422, "out_of_range"),
    "below 0": (body_with(-0.001), 422, "out_of_range"),
    "large for float32": (body_with(1e300), 422, "out_of_range"),
    "a short row": (json.dumps({"images": [[*IMAGE[:-1], [0.5]]]}).encode(), 422, "wrong_shape"),
    "27 rows": (json.dumps({"images": [IMAGE[1:]]}).encode(), 422, "wrong_shape"),
    "ragged": (json.dumps({"images": [IMAGE, IMAGE[:3]]}).encode(), 422, "wrong_shape"),
    "flat": (json.dumps({"images": IMAGE}).encode(), 422, "invalid"),
    "a level more": (json.dumps({"images": [[IMAGE]]}).encode(), 422, "invalid"),
    "five images": (json.dumps({"images": [IMAGE] * 5}).encode(), 422, "too_many"),
    "many empty images": (json.dumps({"images": [[]] * 3000}).encode(), 422, None),
    "many values": (b'{"images": [[[' + b"0," * 100_000 + b"0]]]}", 422, "too_many"),
    "deep": (b"[" * 100_000, 422, "too_deep"),
    "deep objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 422, "too_deep"),
    "a repeated name": (b'{"images": [[[1]]], "images": 3}', 422, "invalid"),
}


@pytest.mark.parametrize("name", WRONG)
def test_is_refused(name):
    body, status, code = WRONG[name]
    with pytest.raises(RefusedError) as caught:
        parse(body)
    assert caught.value.status == status
    assert code in (None, caught.value.code)
    assert 10 < len(caught.value.detail) < 300


def test_what_is_wrong_with_the_json_is_said_once():
    with pytest.raises(RefusedError) as caught:
        parse(b'{"images": [[[0.0, ')
    assert caught.value.detail == "The body is not JSON: EOF while parsing a value at line 1 column 19."


def test_the_place_is_named():
    with pytest.raises(RefusedError, match=r"images\[1\]\[3\]\[5\]"):
        parse(body_with("x", (1, 3, 5)))
    with pytest.raises(RefusedError, match=r"images\[1\]\[2\]: expected 28 values, got 3"):
        parse(json.dumps({"images": [IMAGE, [*IMAGE[:2], [0, 0, 0], *IMAGE[3:]]]}).encode())


numbers = st.one_of(st.floats(), st.integers(), st.none(), st.booleans(), st.text(max_size=3))
nested = st.recursive(numbers, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner))


@given(st.one_of(st.binary(max_size=200), nested.map(lambda value: json.dumps({"images": value}).encode())))
def test_nothing_else_is_ever_raised(body):
    with pytest.raises(RefusedError):
        parse(body)
