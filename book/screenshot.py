"""Takes the front page's pictures of a chapter, in light and in dark: ``python -m book.screenshot``.

They are kept in ``_static``, since not every reader who builds the book has Chromium. Take them anew when the
pages change their looks.
"""

import io

from PIL import Image
from playwright.sync_api import sync_playwright

from book.browser import launched
from book.notebooks import ROOT

PAGE = ROOT / "_build" / "html" / "chapters" / "softmax-regression.html"
START = "#from-scores-to-probabilities div.cell"  # from this cell on: code, output, figure, tick
WIDTH, HEIGHT = 730, 880
HIDDEN = "#pst-back-to-top, .bd-header-article, .bd-sidebar, .pst-scrollable { display: none !important }"


def main() -> None:
    """Write ``page-light.webp`` and ``page-dark.webp``."""
    with sync_playwright() as driver:
        browser = launched(driver)
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.5, color_scheme=scheme
            )
            page = context.new_page()
            page.goto(PAGE.as_uri())
            page.evaluate("document.fonts.ready")
            page.add_style_tag(content=HIDDEN)
            page.locator(START).first.evaluate("cell => scrollTo(0, cell.getBoundingClientRect().top + scrollY - 16)")
            page.wait_for_timeout(500)
            picture = Image.open(io.BytesIO(page.screenshot()))
            picture.save(ROOT / "_static" / f"page-{scheme}.webp", quality=85, method=6)


if __name__ == "__main__":
    main()
