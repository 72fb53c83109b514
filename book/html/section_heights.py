"""Notes how tall each section of a page is, on a phone and on a laptop, as measured in Chromium.

With these, a browser can leave a section until its reader comes near it, and nothing moves when it is laid out. Without
Chromium the pages do without, and are laid out at once.
"""

import re
from pathlib import Path

from playwright.sync_api import sync_playwright

from book.browser import PROGRAM, launched, served

WIDTHS = {"phone": 360, "wide": 1280}
MEASURE = """async () => {
    await document.fonts.ready;
    const sections = [...document.querySelectorAll('.bd-article > section > section')];
    sections.forEach(s => { s.style.contain = 'layout paint style' });  // as a browser does to those that it may leave
    return Object.fromEntries(sections.map(s => [s.id, Math.round(s.getBoundingClientRect().height)]));
}"""


def note_heights(folder: Path) -> None:
    """Write the heights into the pages, as properties that ``course.css`` reads."""
    if PROGRAM is None:
        return
    with sync_playwright() as driver, served(folder) as address:
        browser = launched(driver)
        for path in [*folder.glob("*.html"), *folder.glob("chapters/*.html")]:
            if path.name == "index.html":  # it only leads on
                continue
            url = f"{address}/{path.relative_to(folder).as_posix()}"
            seen = {name: measured(browser, url, width) for name, width in WIDTHS.items()}
            path.write_text(with_heights(path.read_text(encoding="utf-8"), **seen), encoding="utf-8")


def measured(browser, url: str, width: int) -> dict[str, int]:
    """Return section -> height in pixels, on a screen of that width."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(url, wait_until="load")
    heights = page.evaluate(MEASURE)
    page.close()
    return heights


def with_heights(text: str, *, phone: dict[str, int], wide: dict[str, int]) -> str:
    """Return a page whose sections name their heights."""

    def named(found: re.Match) -> str:
        if found[1] not in phone:
            return found[0]
        return f'<section id="{found[1]}" style="--phone: {phone[found[1]]}px; --wide: {wide[found[1]]}px">'

    return re.sub(r'<section id="([^"]+)">', named, text)
