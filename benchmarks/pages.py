"""What a page of the book weighs and how fast it is there: Chromium, nothing cached, from this machine.

A visit is the first that a reader makes: every file comes over HTTP. The size counts what was sent, without
compression; layout shift is what moved while the page was loaded and scrolled through, where 0.1 counts as good.
The phones are small screens on this processor, slowed down until Lighthouse's benchmark index is what Chrome's
developer tools take for a phone of the middle (1000, such as a Pixel 5) and for a slow one (264, such as a Moto G Power
of 2022). A page is usable once it is painted and no task of more than 50 ms is left that would hold up a tap.

Run with ``make weigh``, in ten minutes.
"""

import statistics

from playwright.sync_api import Browser, Request, sync_playwright
from report import write_report

from book.browser import launched, served
from book.notebooks import ROOT

HTML = ROOT / "_build" / "html"
COLUMNS = (
    *("page", "requests", "kB at once", "kB in all", "first paint (ms)", "main content (ms)"),
    *("phone: main content (ms)", "phone: usable (ms)", "slow phone: usable (ms)", "layout shift"),
)
TURNS = 3
LAPTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 800}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
INDEX = {"phone": 1000, "slow phone": 264}
FASTEST, SLOWEST, STEP = 1.0, 40.0, 1.1  # slow-downs that are tried, each this much more than the last
# As Lighthouse computes its index: strings that grow and are thrown away, then numbers that are copied.
BENCHMARK = """() => {
    const rate = work => {
        const start = performance.now();
        let turns = 0;
        while (performance.now() - start < 300) { work(turns); turns += 1 }
        return turns / (performance.now() - start) * 100;
    };
    const pair = [0, 1].map(() => Array.from({length: 100000}, (_, i) => i));
    const strings = rate(() => { let s = ''; for (let i = 0; i < 10000; i++) s += 'a'; return s.length });
    const numbers = rate(turn => {
        const from = pair[turn % 2], to = pair[1 - turn % 2];
        for (let i = 0; i < from.length; i++) to[i] = from[i];
    });
    return (strings + numbers) / 2;
}"""
WATCH = """
    window.seen = {shift: 0, largest: 0, busy: 0};
    const watch = (type, note) => new PerformanceObserver(list => list.getEntries().forEach(note)).observe(
        {type, buffered: true});
    watch('layout-shift', entry => { if (!entry.hadRecentInput) window.seen.shift += entry.value });
    watch('largest-contentful-paint', entry => { window.seen.largest = entry.startTime });
    watch('longtask', entry => { window.seen.busy = entry.startTime + entry.duration });
"""
PAINTED = "performance.getEntriesByName('first-contentful-paint').length"
READ = """async () => {
    for (let y = 0; y < document.body.scrollHeight; y += 700) {
        scrollTo(0, y);
        await new Promise(done => setTimeout(done, 20));
    }
    await new Promise(done => setTimeout(done, 300));
    return {...window.seen};
}"""


def main() -> None:
    """Measure every page, and write the table that the results page shows."""
    names = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
    with sync_playwright() as driver, served(HTML) as address:
        browser = launched(driver)
        slowdowns = {"laptop": 1.0} | {phone: slowdown(browser, index) for phone, index in INDEX.items()}
        print(f"slow-downs: {slowdowns}")
        wanted = [name for name in names if name not in ("index.html", "search.html")]
        rows = [measured(browser, address, name, slowdowns) for name in wanted]
        version = browser.version.split(".")[0]
    write_report("pages", f"What a page weighs, in Chromium {version}", COLUMNS, rows, peers=())


def slowdown(browser: Browser, index: float) -> float:
    """Return how much to slow this processor down so that it is no faster than a device of that benchmark index."""
    rate = FASTEST
    while index_of(browser, rate) > index:
        rate = round(rate * STEP, 2)
        if rate > SLOWEST:
            raise SystemExit(f"Slowed down {SLOWEST} times, this processor still has an index above {index}.")
    return rate


def index_of(browser: Browser, rate: float) -> float:
    """Return the benchmark index of this processor, slowed down so much: the median of three."""
    context = browser.new_context()
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
    found = statistics.median(page.evaluate(BENCHMARK) for _ in range(3))
    context.close()
    return found


def measured(browser: Browser, address: str, name: str, slowdowns: dict[str, float]) -> list[object]:
    """Return a page's row: medians of several first visits, and the worst layout shift."""
    url, seen = f"{address}/{name}", {}
    for kind, rate in slowdowns.items():
        screen, reading = LAPTOP if kind == "laptop" else PHONE, kind != "slow phone"  # which would read for minutes
        seen[kind] = [visit(browser, url, rate, screen, reading=reading) for _ in range(TURNS)]
    laptop, phone, slow = seen.values()

    def median(visits: list[dict], key: str) -> int:
        return round(statistics.median(seen[key] for seen in visits))

    return [
        name.removesuffix(".html"),
        *(median(laptop, key) for key in ("requests", "at once", "in all", "first", "largest")),
        *(median(phone, key) for key in ("largest", "usable")),
        median(slow, "usable"),
        round(max(seen["shift"] for seen in laptop + phone + slow), 3),
    ]


def visit(browser: Browser, url: str, rate: float, kind: dict, *, reading: bool) -> dict[str, float]:
    """Visit a page once, read it to its end if wanted, and return what was seen."""
    context = browser.new_context(**kind)
    page, requests = context.new_page(), []
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
    page.on("requestfinished", lambda request: requests.append(request))
    page.add_init_script(WATCH)
    page.goto(url, wait_until="networkidle")
    page.wait_for_function(PAINTED)
    at_once = sent(requests)
    loaded = page.evaluate("({...window.seen})")  # before reading on: what scrolls in later may be larger
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    read = page.evaluate(READ) if reading else loaded
    page.wait_for_load_state("networkidle")
    counted = {"requests": len(requests), "at once": at_once / 1000, "in all": sent(requests) / 1000}
    context.close()
    usable = max(first, loaded["largest"], loaded["busy"])
    return {**counted, "first": first, "largest": loaded["largest"], "usable": usable, "shift": read["shift"]}


def sent(requests: list[Request]) -> int:
    """Return how many bytes the answers to these requests had."""
    return sum(request.sizes()["responseBodySize"] for request in list(requests))


if __name__ == "__main__":
    main()
