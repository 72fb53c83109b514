"""What a page of the book weighs and how fast it is there: Chromium, nothing cached, from this machine.

A visit is the first that a reader makes: every file comes over HTTP. The size counts what was sent, without
compression; layout shift is what moved while the page was loaded and scrolled through, where 0.1 counts as good.
The phone is a small screen on a processor slowed down four times; it is usable once the page is painted and no task
of more than 50 ms is left that would hold up a tap.

Run with ``make weigh``, in two minutes.
"""

import statistics

from playwright.sync_api import Browser, sync_playwright
from report import write_report

from book.browser import launched, served
from book.notebooks import ROOT

HTML = ROOT / "_build" / "html"
COLUMNS = (
    *("page", "requests", "kB at once", "kB in all", "first paint (ms)", "main content (ms)"),
    *("phone: main content (ms)", "phone: usable (ms)", "layout shift"),
)
TURNS = 3
LAPTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 800}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
SLOWDOWN = 4
WATCH = """
    window.seen = {shift: 0, largest: 0, busy: 0};
    const watch = (type, note) => new PerformanceObserver(list => list.getEntries().forEach(note)).observe(
        {type, buffered: true});
    watch('layout-shift', entry => { if (!entry.hadRecentInput) window.seen.shift += entry.value });
    watch('largest-contentful-paint', entry => { window.seen.largest = entry.startTime });
    watch('longtask', entry => { window.seen.busy = entry.startTime + entry.duration });
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
    """Return a page's row: medians of several first visits, and the worst layout shift."""
    url = f"{address}/{name}"
    laptop, phone = ([visit(browser, url, **kind) for _ in range(TURNS)] for kind in (LAPTOP, PHONE))

    def median(visits: list[dict], key: str) -> int:
        return round(statistics.median(seen[key] for seen in visits))

    return [
        name.removesuffix(".html"),
        *(median(laptop, key) for key in ("requests", "at once", "in all", "first", "largest")),
        *(median(phone, key) for key in ("largest", "usable")),
        round(max(seen["shift"] for seen in laptop + phone), 3),
    ]


def visit(browser: Browser, url: str, **kind: object) -> dict[str, float]:
    """Visit a page once, read it to its end, and return what was seen."""
    context = browser.new_context(**kind)
    page, sizes = context.new_page(), []
    if "is_mobile" in kind:
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.add_init_script(WATCH)
    page.goto(url, wait_until="networkidle")
    at_once, busy = sum(sizes), page.evaluate("window.seen.busy")
    seen = page.evaluate(READ)
    page.wait_for_load_state("networkidle")
    context.close()
    counted = {"requests": len(sizes), "at once": at_once / 1000, "in all": sum(sizes) / 1000}
    return {**seen, **counted, "usable": max(busy, seen["largest"], seen["first"])}


if __name__ == "__main__":
    main()
