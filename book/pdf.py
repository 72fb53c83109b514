"""Prints the whole book as one PDF with Chromium: ``python -m book.pdf [FILE]``, by default ``_build/book.pdf``.

The pages' texts are put one after the other into a single page, with anchors made unique, so that links between
chapters work in the PDF, and its outline is the book's. It is printed twice: only the first print tells on which
page each section begins, as the contents of the second say.
"""

import os
import re
import sys
from pathlib import Path

import yaml
from playwright.sync_api import Page, sync_playwright
from pypdf import PdfReader

from book.browser import launched, served
from book.notebooks import ROOT

HTML = ROOT / "_build" / "html"
PDF = ROOT / "_build" / "book.pdf"
WHOLE = "whole-book.html"  # an address among the pages', so that theirs hold; no file
FOOTER = (
    '<div style="font: 8pt sans-serif; width: 100%; text-align: center; color: #555">'
    '<span class="pageNumber"></span></div>'
)
LOOKS = """
.bd-article + .bd-article, [id$="--the-chapters"] { break-before: page }
.book-contents { font-size: 9pt; line-height: 1.3 }
.book-contents > div { break-inside: avoid; display: grid; gap: 0 8mm; grid-template-columns: 1fr 1fr; margin: 0.8em 0 }
.book-contents a { display: flex; gap: 1em; justify-content: space-between }
.book-contents a.title { font-weight: bold; grid-column: span 2 }
.book-contents a > :last-child { font-variant-numeric: tabular-nums }
"""
SETTLE = """async () => {
    document.documentElement.dataset.theme = 'light';  // or code has no colors: a script of the theme emptied it
    // On paper a link leads into the book or to the web; a file beside the page would be one of the printing server.
    document.querySelectorAll('a[href]').forEach(link => {
        if (!/^(#|\\w+:)/.test(link.getAttribute('href'))) link.removeAttribute('href');
    });
    document.querySelectorAll('img').forEach(i => { i.loading = 'eager' });
    // Nothing opens on paper: solutions are printed, the code of drawings is not.
    document.querySelectorAll('details.hide').forEach(fold => {
        const [summary, ...solution] = fold.children;
        fold.replaceWith(...(summary.textContent.includes('content') ? solution : []));
    });
    await window.MathJax?.startup?.promise;
    await document.fonts.ready;
}"""
# Contents after the landing page: a line for each title and each section, whose number is still to come.
LIST = """() => {
    const contents = document.createElement('nav');
    contents.className = 'bd-article book-contents';
    const title = document.createElement('h1');
    title.textContent = 'Contents';
    contents.append(title);
    let chapter = contents;
    for (const heading of document.querySelectorAll('.bd-article:not(:first-of-type) :is(h1, h2)')) {
        if (heading.localName === 'h1')
            contents.append(chapter = document.createElement('div'));
        const line = document.createElement('a');
        line.className = heading.localName === 'h1' ? 'title' : 'section';
        line.href = '#' + heading.closest('[id]').id;
        const name = document.createElement('span');
        name.textContent = heading.textContent.replace(/#$/, '');
        const number = document.createElement('span');
        number.textContent = '000';
        line.append(name, number);
        chapter.append(line);
    }
    document.querySelector('.bd-article').after(contents);
}"""
NUMBER = """numbers => {
    const places = document.querySelectorAll('.book-contents a > :last-child');
    if (places.length !== numbers.length)
        throw Error(`the contents have ${places.length} lines, and the outline ${numbers.length}`);
    places.forEach((place, i) => { place.textContent = numbers[i]; });
}"""
ARRIVED = "[...document.images].every(i => i.complete)"


def main(file: Path = PDF) -> int:
    """Write the PDF, and say how long it is."""
    with sync_playwright() as driver, served(HTML) as address:
        page = launched(driver).new_page(color_scheme="light")
        page.route(
            f"{address}/{WHOLE}", lambda route: route.fulfill(body=whole_book(pages()), content_type="text/html")
        )
        page.goto(f"{address}/{WHOLE}")
        page.emulate_media(media="print")  # or fonts that only a later page needs would be missing
        page.evaluate(SETTLE)
        page.wait_for_function(ARRIVED)
        page.evaluate(LIST)
        printed(page, file)
        page.evaluate(NUMBER, section_pages(PdfReader(file)))
        printed(page, file)
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


def section_pages(book: PdfReader) -> list[int]:
    """Return the page, counted from 1, of each title and section after the contents, in their order."""
    found: list[tuple[str, int]] = []

    def walk(entries: list, level: int) -> None:
        for entry in entries:
            if isinstance(entry, list):
                walk(entry, level + 1)
            elif level <= 2:
                found.append((entry.title, book.get_destination_page_number(entry) + 1))

    walk(book.outline, 1)
    titles = [title for title, _ in found]
    return [number for _, number in found[titles.index("Contents") + 1 :]]


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
    sys.exit(main(*map(Path, sys.argv[1:])))
