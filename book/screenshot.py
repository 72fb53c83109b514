"""Takes the pictures of a chapter for the front page and the README: ``python -m book.screenshot``.

They are kept in ``_static``, since not every reader who builds the book has Chromium. Take them anew when the
pages change their looks.
"""

import io

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from book.browser import launched
from book.notebooks import ROOT

PAGE = ROOT / "_build" / "html" / "chapters" / "softmax-regression.html"
SECTION = "#from-scores-to-probabilities"
CELL = f"{SECTION} div.cell"  # from this cell on: code, output, figure, tick
WIDTH, HEIGHT = 730, 880  # of the front page's pictures, in light and in dark
WHOLE_WIDTH, WHOLE_HEIGHT = 1280, 1345  # of the README's, with both menus
HIDDEN = "#pst-back-to-top, .bd-header-article, .bd-sidebar, .pst-scrollable { display: none !important }"


def main() -> None:
    """Write ``page-light.webp``, ``page-dark.webp`` and, for the README, ``page.png``."""
    with sync_playwright() as driver:
        browser = launched(driver)
        for scheme in ("light", "dark"):
            size = {"width": WIDTH, "height": HEIGHT}
            page = browser.new_context(viewport=size, device_scale_factor=1.5, color_scheme=scheme).new_page()
            page.goto(PAGE.as_uri())
            page.add_style_tag(content=HIDDEN)
            scrolled(page, CELL).save(ROOT / "_static" / f"page-{scheme}.webp", quality=85, method=6)
        size = {"width": WHOLE_WIDTH, "height": WHOLE_HEIGHT}
        page = browser.new_context(viewport=size, color_scheme="light").new_page()
        page.goto(PAGE.as_uri())
        scrolled(page, SECTION).quantize(256).save(ROOT / "_static" / "page.png", optimize=True)


def scrolled(page: Page, start: str) -> Image.Image:
    """Return a picture of what the window shows, scrolled to the element of that selector."""
    page.evaluate("document.fonts.ready")
    page.locator(start).first.evaluate("found => scrollTo(0, found.getBoundingClientRect().top + scrollY - 16)")
    page.wait_for_timeout(500)
    return Image.open(io.BytesIO(page.screenshot()))


if __name__ == "__main__":
    main()
