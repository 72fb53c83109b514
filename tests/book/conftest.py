"""A browser for the rendered pages, and a place where they are served under a sub-path, as on a project's site."""

import contextlib

import pytest

from book.browser import PROGRAM, launched, served
from book.notebooks import ROOT

HTML = ROOT / "_build" / "html"
SCREENS = ROOT / "_build" / "screens"


@pytest.fixture(scope="module")
def site():
    with served(HTML.parent) as address:
        yield f"{address}/{HTML.name}"


@pytest.fixture(scope="module")
def chromium():
    """A browser, for pages that a test writes itself."""
    if PROGRAM is None:
        pytest.skip("no Chromium was found, so no page was looked at in a browser")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver, contextlib.closing(launched(driver)) as browser:
        yield browser


@pytest.fixture(scope="module")
def browser(chromium):
    """A browser for the pages of the book."""
    if not (HTML / "index.html").exists():
        pytest.skip("the book has not been built: run make book")
    return chromium


@pytest.fixture
def visit(browser, site):
    """Open a page; return it with what went wrong, as a list that fills up."""
    contexts = []

    def open_page(name, width, scheme="light", address=site):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        page, troubles = context.new_page(), []
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
        page.on(
            "response", lambda reply: troubles.append(f"{reply.status}: {reply.url}") if reply.status >= 400 else None
        )
        ours = (address, "data:", "blob:")
        page.on("request", lambda sent: None if sent.url.startswith(ours) else troubles.append(f"foreign: {sent.url}"))
        page.goto(f"{address}/{name}", wait_until="load")
        page.evaluate("window.MathJax?.startup?.promise")
        return page, troubles

    yield open_page
    for context in contexts:
        context.close()


def pages():
    """Return the names of the rendered pages; the front door is left out, since it only leads on."""
    found = (path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
    return sorted(name for name in found if name != "index.html") or ["intro.html"]


def pytest_generate_tests(metafunc):
    """Run a test that names `page_name` or `chapter_name` on every page or chapter."""
    for argument, wanted in (("page_name", pages()), ("chapter_name", [n for n in pages() if "chapters/" in n])):
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, wanted)


def keep_screen(page, name, width, scheme):
    """Keep what a page shows first, for people to look at."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name.replace('/', '-').removesuffix('.html')}-{width}-{scheme}.png")
