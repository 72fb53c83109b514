"""What a page of the book weighs and how fast it is there: Chromium, nothing cached, from this machine.

A visit is the first that a reader makes: every file comes over HTTP. The size counts what was sent, without
compression; layout shift is what moved while the page was loaded and scrolled through, where 0.1 counts as good.

Run with ``make weigh``, in a minute.
"""

import statistics

from playwright.sync_api import Browser, sync_playwright
from report import write_report

from book.browser import launched, served
from book.notebooks import ROOT

HTML = ROOT / "_build" / "html"
COLUMNS = ("page", "requests", "kB at once", "kB in all", "first paint (ms)", "main content (ms)", "layout shift")
TURNS = 3
WATCH = """
    window.seen = {shift: 0, largest: 0};
    const watch = (type, note) => new PerformanceObserver(list => list.getEntries().forEach(note)).observe(
        {type, buffered: true});
    watch('layout-shift', entry => { if (!entry.hadRecentInput) window.seen.shift += entry.value });
    watch('largest-contentful-paint', entry => { window.seen.largest = entry.startTime });
"""
READ = """async () => {
    for (let y = 0; y < document.body.scrollHeight; y += 700) {
        scrollTo(0, y);
        await new Promise(done => setTimeout(done, 20));
    }
    await new Promise(done => setTimeout(done, 300));
    return {...window.seen, first: performance.getEntriesByName('first-contentful-paint')[0].startTime};
}"""


def main() -> None:
    """Measure every page, and write the table that the results page shows."""
    names = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
    with sync_playwright() as driver, served(HTML) as address:
        browser = launched(driver)
        rows = [measured(browser, address, name) for name in names if name not in ("index.html", "search.html")]
        version = browser.version.split(".")[0]
    write_report("pages", f"What a page weighs, in Chromium {version}", COLUMNS, rows, peers=())


def measured(browser: Browser, address: str, name: str) -> list[object]:
    """Return a page's row: medians of several first visits."""
    visits = [visit(browser, f"{address}/{name}") for _ in range(TURNS)]
    columns = list(zip(*visits, strict=True))
    requests, at_once, in_all, first, largest = (round(statistics.median(column)) for column in columns[:-1])
    return [name.removesuffix(".html"), requests, at_once, in_all, first, largest, round(max(columns[-1]), 3)]


def visit(browser: Browser, url: str) -> tuple[float, ...]:
    """Visit a page once, read it to its end, and return what was seen."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page, sizes = context.new_page(), []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.add_init_script(WATCH)
    page.goto(url, wait_until="networkidle")
    at_once = sum(sizes)
    seen = page.evaluate(READ)
    context.close()
    return len(sizes), at_once / 1000, sum(sizes) / 1000, seen["first"], seen["largest"], seen["shift"]


if __name__ == "__main__":
    main()
