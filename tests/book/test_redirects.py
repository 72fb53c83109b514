"""Old addresses of sections lead to where these stand now, in a real browser."""

import pytest

from book.browser import served
from book.html import redirects

PAGE = '<html><head><title>{name}</title></head><body><section id="{anchor}">{name}</section></body></html>'
MOVED = {"chapters/old.html#search": "chapters/new.html#search-at-random", "top.html#all": "chapters/new.html"}


@pytest.fixture
def book(tmp_path):
    (tmp_path / "chapters").mkdir()
    for name, anchor in (("chapters/old", "kept"), ("chapters/new", "search-at-random"), ("top", "kept")):
        (tmp_path / f"{name}.html").write_text(PAGE.format(name=name, anchor=anchor), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("from_server", [True, False], ids=["served", "from the file system"])
def test_old_addresses_lead_on_and_others_stay(chromium, book, from_server):
    redirects.lead_on(book, MOVED)
    page = chromium.new_page()
    with served(book) as address:
        start = address if from_server else book.as_uri()
        for old, new in MOVED.items():
            page.goto(f"{start}/{old}")
            page.wait_for_url(f"{start}/{new}", timeout=10_000)
            assert page.title() == "chapters/new"
        page.goto(f"{start}/chapters/old.html#kept")
        assert page.title() == "chapters/old"
        page.evaluate("location.hash = 'search'")  # a link on the page itself
        page.wait_for_url("**/new.html#search-at-random", timeout=10_000)
    page.close()


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"chapters/old.html#a": "chapters/new.html#gone"}, "where there is nothing"),
        ({"chapters/old.html#kept": "chapters/new.html"}, "where there still is a section"),
        ({"chapters/gone.html#a": "chapters/new.html"}, "no such page"),
        ({"chapters/old.html#a": "chapters/gone.html"}, "no such page"),
    ],
)
def test_a_wrong_table_is_an_error(book, moved, said):
    with pytest.raises(ValueError, match=said):
        redirects.lead_on(book, moved)


def test_the_books_own_table_leads_on(browser, site):
    page = browser.new_page()
    for old, new in redirects.table().items():
        page.goto("about:blank")  # else an address of the same page would not be loaded anew
        page.goto(f"{site}/{old}", wait_until="commit")  # all the rest of a long page need not come
        page.wait_for_url(f"**/{new}", timeout=10_000, wait_until="commit")
    page.close()
