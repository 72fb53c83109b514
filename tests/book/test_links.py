"""No link within the book is dead: every file that a page names exists, and every anchor."""

from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from book.notebooks import ROOT
from tests.book.conftest import HTML, pages


class Page(HTMLParser):
    """Collects the anchors of a page, and what it links to."""

    def __init__(self):
        super().__init__()
        self.anchors, self.links = set(), []

    def handle_starttag(self, _, attributes):
        named = dict(attributes)
        self.anchors |= {value for key in ("id", "name") if (value := named.get(key))}
        self.links += [value for key in ("href", "src") if (value := named.get(key))]


@pytest.fixture(scope="module")
def parsed():
    if not (HTML / "index.html").exists():
        pytest.skip("the book has not been built: run make book")
    found = {}
    for name in [*pages(), "index.html"]:
        found[name] = Page()
        found[name].feed((HTML / name).read_text(encoding="utf-8"))
    return found


def test_every_link_leads_somewhere(parsed, page_name):
    dead = []
    for link in parsed[page_name].links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (HTML / page_name).parent / unquote(parts.path) if parts.path else HTML / page_name
        name = target.resolve().relative_to(HTML).as_posix()
        anchor = unquote(parts.fragment)
        if not target.exists() or (name in parsed and anchor and anchor not in parsed[name].anchors):
            dead.append(link)
    assert dead == []


def test_the_button_downloads_the_edition(parsed, chapter_name):
    (edition,) = {link for link in parsed[chapter_name].links if link.startswith("../colab/")}
    name = edition.removeprefix("../colab/")
    assert (HTML / "colab" / name).read_bytes() == (ROOT / "_build" / "colab" / name).read_bytes()


def test_every_chapter_has_a_unique_set_of_anchors(parsed, chapter_name):
    text = (HTML / chapter_name).read_text(encoding="utf-8")
    assert [anchor for anchor in parsed[chapter_name].anchors if text.count(f' id="{anchor}"') > 1] == []
