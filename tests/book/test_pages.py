"""The rendered pages in a real browser: nothing fails, nothing is fetched from elsewhere, nothing sticks out."""

import functools
import http.server
import shutil
import threading

import pytest

from book.notebooks import ROOT

HTML = ROOT / "_build" / "html"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
PAGES = [name for name in PAGES if name != "index.html"]  # it only leads on to the first page

pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no Chromium was found"),
    pytest.mark.skipif(not PAGES, reason="the book has not been built: run make book"),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=HTML))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, site):
    """Open a page; return it with what went wrong, as a list that fills up."""
    contexts = []

    def open_page(name, width, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page, troubles = context.new_page(), []
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
        page.on(
            "response", lambda reply: troubles.append(f"{reply.status}: {reply.url}") if reply.status >= 400 else None
        )
        page.on("request", lambda asked: None if is_ours(asked.url, site) else troubles.append(f"foreign: {asked.url}"))
        page.goto(f"{site}/{name}", wait_until="networkidle")
        return page, troubles

    yield open_page
    for context in contexts:
        context.close()


def is_ours(url, site):
    return url.startswith((site, "data:", "blob:"))


def test_the_front_door_leads_to_the_first_page(visit):
    page, _ = visit("index.html", 1280)
    page.wait_for_url("**/intro.html")


@pytest.mark.parametrize("name", PAGES)
def test_loads_cleanly_and_asks_no_other_host(visit, name):
    _, troubles = visit(name, 1280)
    assert not troubles, "; ".join(troubles)


@pytest.mark.parametrize("name", PAGES)
def test_does_not_scroll_sideways_on_a_phone(visit, name):
    page, _ = visit(name, 360)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", PAGES)
def test_every_image_is_loaded_and_described(visit, name):
    page, _ = visit(name, 1280)
    images = page.eval_on_selector_all(
        "main img", "all => all.map(i => ({src: i.currentSrc, alt: i.alt, loaded: i.complete && i.naturalWidth > 0}))"
    )
    assert [image["src"] for image in images if not image["loaded"]] == []
    assert [image["src"] for image in images if len(image["alt"].split()) < 3] == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("chapters/")])
def test_figures_keep_their_shape(visit, name, width):
    page, _ = visit(name, width)
    stretched = page.eval_on_selector_all(
        "main .cell_output img",
        "all => all.map(i => (i.clientWidth / i.clientHeight) / (i.naturalWidth / i.naturalHeight))",
    )
    assert stretched
    assert all(0.97 < ratio < 1.03 for ratio in stretched)


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("chapters/")])
def test_figures_have_captions_and_formulas_are_set(visit, name):
    page, _ = visit(name, 1280)
    figures, captions = page.locator("main .cell_output img").count(), page.locator("main figcaption").count()
    assert figures == captions > 0
    assert page.locator("main figure .expect").count() == 0
    assert page.locator("main mjx-container").count() > 0
    assert page.locator("mjx-merror").count() == 0
    assert page.locator(".expect-passed").count() > 0
    assert page.locator(".expect-missed").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_expectations_have_contrast(visit, scheme):
    page, _ = visit(next(name for name in PAGES if name.startswith("chapters/")), 1280, color_scheme=scheme)
    page.evaluate("scheme => document.documentElement.dataset.theme = scheme", scheme)
    color, background = page.locator(".expect-passed").first.evaluate(
        "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    )
    assert contrast(color, background) >= 7


def contrast(first, second):
    """WCAG 2.1's contrast ratio of two colors such as rgb(1, 2, 3)."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color):
    channels = [int(value) / 255 for value in color[color.index("(") + 1 : -1].split(",")[:3]]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
