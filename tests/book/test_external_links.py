"""Dead links to other hosts are found, and those of hosts that do not speak to programs are not called dead."""

import http.server
import threading
from contextlib import closing
from itertools import count

import httpx
import pytest

from book import external_links


class Host(http.server.BaseHTTPRequestHandler):
    """Answers with the status that is asked for; `busy` with 503 at first, then with 200."""

    asked = count()

    def do_GET(self):
        name = self.path.strip("/")
        status = (503 if next(self.asked) < 2 else 200) if name == "busy" else 302 if name == "moved" else int(name)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def host():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def client():
    with closing(httpx.Client(follow_redirects=True, timeout=5)) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "dead"),
    [
        ("200", 200, False),
        ("moved", 200, False),
        ("busy", 200, False),
        ("403", 403, False),
        ("429", 429, False),
        ("404", 404, True),
        ("410", 410, True),
    ],
)
def test_what_a_host_answers(host, client, path, status, dead):
    said = external_links.answer(client, f"{host}/{path}", pause=0.0)
    assert (said, external_links.is_dead(said)) == (status, dead)


def test_a_host_that_is_not_there_is_dead(client):
    said = external_links.answer(client, "http://127.0.0.1:9/", pause=0.0)
    assert said.startswith("ConnectError")
    assert external_links.is_dead(said)


def test_dead_links_are_named_with_their_pages(host, tmp_path, monkeypatch, capsys):
    (tmp_path / "chapters").mkdir()
    (tmp_path / "a.html").write_text(f'<a href="{host}/404#x">x</a> <a href="b.html">b</a> <link href="{host}/410">')
    (tmp_path / "chapters" / "b.html").write_text(f'<a href="{host}/404">x</a> <a href="{host}/403">y</a>')
    monkeypatch.setattr(external_links, "HTML", tmp_path)
    assert external_links.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{host}/404: 404, in a.html, chapters/b.html",
        "2 links to other hosts: 1 dead, 1 whose host does not say",
    ]
    (tmp_path / "a.html").unlink()
    (tmp_path / "chapters" / "b.html").write_text(f'<a href="{host}/200">x</a>')
    assert external_links.main() == 0
