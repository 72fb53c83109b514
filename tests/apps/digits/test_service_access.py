"""Who is answered, what every answer carries, and that no answer repeats what the client chose."""

import json

import pytest
from starlette.testclient import TestClient
from wire import connect, png, reply

from apps.digits.service.access import Access
from apps.digits.service.app import create_app
from apps.digits.service.model import Model
from apps.digits.service.refusals import RefusedError
from apps.digits.service.settings import Settings
from apps.digits.strokes import picture

CANARY = "canary7f3e"


def get(service, host, path="/healthz"):
    """Return status and headers of a request that names this host; None sends no Host header, a tuple several."""
    hosts = (host,) if isinstance(host, str) else host or ()
    with connect(service) as connection:
        lines = [f"GET {path} HTTP/1.1", *(f"Host: {name}" for name in hosts), "Connection: close"]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        status, headers, _ = reply(connection)
    return status, headers


def post(client, **headers):
    return client.post("/predict", files={"image": ("x.png", png(picture("3")))}, headers=headers)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:9000", "localhost:8000", "LOCALHOST", "[::1]:8000", "127.0.0.1:port"]
)
def test_answers_under_its_own_names(service, host):
    assert get(service, host)[0] == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/predict", "/predict/", "/nothing"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "10.0.0.1", "[::2]"])
def test_refuses_every_other_name(service, host, path):
    """A name that somebody points at this machine opens nothing to his pages."""
    status, headers = get(service, host, path)
    assert status == 421
    assert "location" not in headers


@pytest.mark.parametrize("host", [None, ("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "evil.example")])
def test_asks_for_one_host(service, host):
    assert get(service, host)[0] == 400


@pytest.mark.parametrize("host", ["", "[", "[::1", "a@b", "://", "\x00"])
def test_odd_hosts_are_refused_and_break_nothing(host):
    with pytest.raises(RefusedError):
        Access().check_host([(b"host", host.encode())])


def test_a_service_on_all_addresses_answers_to_addresses_and_to_the_names_it_is_told(model_folder):
    settings = Settings(access=Access("0.0.0.0", ("digits.example",)))
    with TestClient(create_app(Model(model_folder), settings), base_url="http://127.0.0.1") as client:
        for host, status in {"192.0.2.7:8000": 200, "Digits.example": 200, "evil.example": 421}.items():
            assert client.get("/healthz", headers={"Host": host}).status_code == status
        assert post(client, Origin="https://digits.example").status_code == 200  # behind a proxy
        assert post(client, Origin="https://evil.example").status_code == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "file://", "", "http://[", "x"]
)
def test_pages_of_other_sites_may_not_post(client, origin):
    answer = post(client, Origin=origin)
    assert (answer.status_code, answer.json()["error"]) == (403, "foreign_page")


def test_its_own_page_and_programs_may_post(client, service):
    assert post(client, Origin=service.url).status_code == 200
    assert post(client).status_code == 200


@pytest.mark.parametrize("path", ["/predict/", "/healthz/", "/docs/", "//predict", "//evil.example/predict"])
def test_no_address_leads_elsewhere(service, path):
    status, headers = get(service, "127.0.0.1", path)
    assert status == 404
    assert "location" not in headers


ANSWERS = {
    "the page": ("GET", "/", {}, 200),
    "health": ("GET", "/healthz", {}, 200),
    "metrics": ("GET", "/metrics", {}, 200),
    "the description": ("GET", "/openapi.json", {}, 200),
    "a script": ("GET", "/static/draw.js", {}, 200),
    "nothing there": ("GET", "/nothing", {}, 404),
    "another method": ("GET", "/predict", {}, 405),
    "another type": ("POST", "/predict", {"content": b"x", "headers": {"content-type": "text/html"}}, 415),
    "no JSON": ("POST", "/predict", {"content": b"x", "headers": {"content-type": "application/json"}}, 400),
    "another host": ("GET", "/", {"headers": {"host": "evil.example"}}, 421),
    "another site": ("POST", "/predict", {"headers": {"origin": "https://evil.example"}}, 403),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_is_taken_for_what_it_is(client, name):
    method, path, words, status = ANSWERS[name]
    answer = client.request(method, path, **words)
    assert answer.status_code == status
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_answers_that_the_server_gives_before_the_application_is_asked_are_too(service):
    with connect(service) as connection:
        connection.sendall(b"no HTTP at all\r\n\r\n")
        status, headers, _ = reply(connection)
    assert (status, headers["x-content-type-options"]) == (400, "nosniff")


def form(*parts, boundary="x"):
    lines = [f"--{boundary}\r\nContent-Disposition: form-data; {part}\r\n\r\n{CANARY}\r\n" for part in parts]
    return ("".join(lines) + f"--{boundary}--\r\n").encode()


JSON, FORM = {"content-type": "application/json"}, {"content-type": "multipart/form-data; boundary=x"}
ECHOES = {
    "content type": (b"x", {"content-type": f"text/{CANARY}"}),
    "content encoding": (b"x", {**JSON, "content-encoding": CANARY}),
    "origin": (b"x", {**JSON, "origin": f"https://{CANARY}"}),
    "host": (b"x", {**JSON, "host": CANARY}),
    "length": (b"x", {**JSON, "content-length": "1", "x": CANARY}),
    "a surplus name": (json.dumps({"images": [[[0]]], CANARY: 1}).encode(), JSON),
    "a name within": (json.dumps({"images": [{CANARY: 1}]}).encode(), JSON),
    "text for a number": (json.dumps({"images": [[[CANARY]]]}).encode(), JSON),
    "no JSON": (CANARY.encode(), JSON),
    "boundary": (b"x", {"content-type": f"multipart/form-data; boundary={CANARY}"}),
    "charset": (form('name="a"'), {"content-type": f"multipart/form-data; charset={CANARY}; boundary=x"}),
    "a field's name": (form(f'name="{CANARY}"'), FORM),
    "a field's text": (form('name="image"'), FORM),
    "a file's name and content": (form(f'name="image"; filename="{CANARY}.png"'), FORM),
    "five fields": (form(*(f'name="{CANARY}{number}"' for number in range(5))), FORM),
    "a broken picture": (
        form('name="image"; filename="x"').replace(CANARY.encode(), png(picture("1"))[:60] + CANARY.encode() * 9),
        FORM,
    ),
}


@pytest.mark.parametrize("name", ECHOES)
def test_no_refusal_repeats_what_the_client_chose(client, name):
    content, headers = ECHOES[name]
    answer = client.post("/predict", content=content, headers=headers)
    assert 400 <= answer.status_code < 500
    assert CANARY[:4] not in answer.text + str(answer.headers)


@pytest.mark.parametrize("path", [f"/{CANARY}", f"/static/{CANARY}", f"/predict/{CANARY}", f"/predict?{CANARY}=1"])
def test_no_refusal_repeats_an_address(client, path):
    answer = client.get(path)
    assert answer.status_code in (404, 405)
    assert CANARY not in answer.text + str(answer.headers)
