"""Prints the whole book as one PDF with Chromium: ``python -m book.pdf [FILE]``, by default ``_build/book.pdf``.

The pages' texts are put one after the other into a single page, with anchors made unique, so that links between
chapters work in the PDF, and its outline is the book's. It is printed twice: only the first print tells which page
each link leads to, as the contents, the lists of cases and the index of the second say.
"""

import html
import json
import os
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import pikepdf
from playwright.sync_api import Page, sync_playwright
from pypdf import PdfReader

from book import notebooks
from book.browser import launched, served
from book.notebooks import ROOT

HTML = ROOT / "_build" / "html"
PDF = ROOT / "_build" / "book.pdf"
WHOLE = "whole-book.html"  # an address among the pages', so that theirs hold; no file
FOOTER = (
    '<div style="font: 8pt sans-serif; width: 100%; text-align: center; color: #555">'
    '<span class="pageNumber"></span></div>'
)
SCRIPT, STYLES = (ROOT / "book" / "html" / name for name in ("print.js", "print.css"))
ARRIVED = "[...document.images].every(i => i.complete)"


def main(file: Path = PDF) -> int:
    """Write the PDF, and say how long it is."""
    with sync_playwright() as driver, served(HTML) as address:
        page = launched(driver).new_page(color_scheme="light")
        text = whole_book(pages())
        page.route(f"{address}/{WHOLE}", lambda route: route.fulfill(body=text, content_type="text/html"))
        page.goto(f"{address}/{WHOLE}")
        page.emulate_media(media="print")  # or fonts that only a later page needs would be missing
        page.add_style_tag(path=STYLES)
        page.add_script_tag(path=SCRIPT)
        page.evaluate("settle()")
        page.wait_for_function(ARRIVED)
        page.evaluate("list()")
        printed(page, file)
        found = pages_of_anchors(PdfReader(file))
        page.evaluate("number", found)
        printed(page, file)
    if pages_of_anchors(PdfReader(file)) != found:
        raise SystemExit(f"Filling in the numbers of pages has moved the text: they are wrong in {file}.")
    compact(file)
    sheets, size = len(PdfReader(file).pages), file.stat().st_size / 1e6
    print(f"The PDF is at {os.path.relpath(file)}: {sheets} pages, {size:.1f} MB")
    return 0


def printed(page: Page, file: Path) -> None:
    """Write the page to the file."""
    page.pdf(
        path=file,
        format="A4",
        prefer_css_page_size=True,
        outline=True,
        tagged=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOTER,
    )


def compact(file: Path) -> None:
    """Halve a printed file: Chromium writes each of a hundred thousand small objects plainly, and they pack well."""
    with pikepdf.open(file, allow_overwriting_input=True) as book:
        book.save(file, object_stream_mode=pikepdf.ObjectStreamMode.generate, recompress_flate=True)


def pages_of_anchors(book: PdfReader) -> dict[str, int]:
    """Return the page, counted from 1, of each anchor that a link of the book leads to."""
    return {
        unquote(name.removeprefix("/")): book.get_destination_page_number(place) + 1
        for name, place in book.named_destinations.items()
    }


def pages() -> list[str]:
    """Return the pages' names in the order of the table of contents."""
    toc = notebooks.toc()
    return [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]


def whole_book(names: list[str]) -> str:
    """Return one page with the articles of all."""
    first = (HTML / f"{names[0]}.html").read_text(encoding="utf-8")
    head = first[: first.index("<body")]
    scripts = with_formulas(names) + f"<style>{''.join(running_head(name) for name in names)}</style>"
    articles = "\n".join(article(name, names) for name in names)
    return (
        f'{head}{scripts}<body data-default-mode="light"><div class="bd-main"><div class="bd-content">'
        f'<div class="bd-article-container">{articles}</div></div></div></body></html>'
    )


def running_head(name: str) -> str:
    """Return the style that puts a page's title above each sheet of it."""
    text = (HTML / f"{name}.html").read_text(encoding="utf-8")
    title = " ".join(html.unescape(re.search(r"<h1[^>]*>(.*?)<", text, re.DOTALL)[1]).split())
    sheet = f"sheet-{name.replace('/', '-')}"
    return (
        f"#{anchor(name, '')} {{ page: {sheet} }} @page {sheet} {{ @top-right {{ content: {json.dumps(title)}; "
        "color: #555; font: 8pt sans-serif; vertical-align: bottom; padding-bottom: 5mm } }"
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
    sys.exit(main(*map(Path, sys.argv[1:])))
