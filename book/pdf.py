"""Prints the whole book as one PDF with Chromium: ``python -m book.pdf``, result in ``_build/book.pdf``.

The pages' texts are put one after the other into a single page, with anchors made unique, so that links between
chapters work in the PDF, and its outline is the book's.
"""

import re
import sys
from pathlib import Path

import yaml
from playwright.sync_api import sync_playwright

from book.browser import launched, served
from book.notebooks import ROOT

HTML = ROOT / "_build" / "html"
PDF = ROOT / "_build" / "book.pdf"
FOOTER = (
    '<div style="font: 8pt sans-serif; width: 100%; text-align: center; color: #555">'
    '<span class="pageNumber"></span></div>'
)
LOOKS = """
.bd-article { page-break-before: always }
.bd-article:first-of-type { page-break-before: avoid }
[id$="--the-chapters"] { page-break-before: always }
"""
SETTLE = """async () => {
    document.querySelectorAll('img').forEach(i => { i.loading = 'eager' });
    // Nothing opens on paper: solutions are printed, the code of drawings is not.
    document.querySelectorAll('details.hide').forEach(fold => {
        const [summary, ...solution] = fold.children;
        fold.replaceWith(...(summary.textContent.includes('content') ? solution : []));
    });
    await window.MathJax?.startup?.promise;
    await document.fonts.ready;
}"""
ARRIVED = "[...document.images].every(i => i.complete)"


def main() -> int:
    """Write the PDF, and say how long it is."""
    combined = HTML / "whole-book.html"
    combined.write_text(whole_book(pages()), encoding="utf-8")
    try:
        with sync_playwright() as driver, served(HTML) as address:
            page = launched(driver).new_page(color_scheme="light")
            page.goto(f"{address}/{combined.name}")
            page.emulate_media(media="print")  # or fonts that only a later page needs would be missing
            page.evaluate(SETTLE)
            page.wait_for_function(ARRIVED)
            page.pdf(
                path=PDF,
                format="A4",
                prefer_css_page_size=True,
                outline=True,
                tagged=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=FOOTER,
            )
    finally:
        combined.unlink()
    sheets = len(re.findall(rb"/Type\s*/Page\b", PDF.read_bytes()))
    print(f"The PDF is at {PDF.relative_to(ROOT)}: {sheets} pages, {PDF.stat().st_size / 1e6:.1f} MB")
    return 0


def pages() -> list[str]:
    """Return the pages' names in the order of the table of contents, without the index, which has links alone."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]
    return [file for file in files if file != "genindex"]


def whole_book(names: list[str]) -> str:
    """Return one page with the articles of all."""
    first = (HTML / f"{names[-1]}.html").read_text(encoding="utf-8")
    head = (
        first[: first.index("<body")]
        .replace("<html ", '<html data-theme="light" ', 1)
        .replace("</head>", f"<style>{LOOKS}</style></head>")
    )
    scripts = with_formulas(names)
    articles = "\n".join(article(name, names) for name in names)
    return (
        f'{head}{scripts}<body data-default-mode="light"><div class="bd-main"><div class="bd-content">'
        f'<div class="bd-article-container">{articles}</div></div></div></body></html>'
    )


def with_formulas(names: list[str]) -> str:
    """Return what shows formulas, as a chapter has it: a style sheet or MathJax, with addresses from the top."""
    chapter = next(name for name in names if "/" in name)
    text = (HTML / f"{chapter}.html").read_text(encoding="utf-8")
    found = re.findall(
        r"<script>window\.MathJax.*?</script>|<\w+[^>]*/(?:mathjax/|formulas\.css)[^>]*>(?:</script>)?", text, re.DOTALL
    )
    return "".join(found).replace("../", "")


def article(name: str, names: list[str]) -> str:
    """Return a page's article, with anchors and addresses as they are in the whole book."""
    text = (HTML / f"{name}.html").read_text(encoding="utf-8")
    (body,) = re.findall(r'<article class="bd-article".*?</article>', text, re.DOTALL)
    body = re.sub(r' id="([^"]+)"', lambda found: f' id="{anchor(name, found[1])}"', body)
    body = re.sub(r' href="([^"]*)"', lambda found: f' href="{address(found[1], name, names)}"', body)
    body = re.sub(r' src="\.\./', ' src="', body)
    return body.replace('class="bd-article"', f'class="bd-article" id="{anchor(name, "")}"', 1)


def anchor(name: str, identifier: str) -> str:
    """Return an anchor that no other page has."""
    return f"{name.replace('/', '-')}--{identifier}"


def address(href: str, name: str, names: list[str]) -> str:
    """Return where a link of a page leads within the whole book."""
    if re.match(r"\w+:", href):
        return href
    path, _, identifier = href.partition("#")
    target = (Path("/") / Path(name).parent / path).resolve().relative_to("/").with_suffix("") if path else Path(name)
    return f"#{anchor(target.as_posix(), identifier)}" if target.as_posix() in names else href.replace("../", "")


if __name__ == "__main__":
    sys.exit(main())
