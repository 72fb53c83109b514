"""Sets the formulas of the rendered pages, with MathJax in Chromium, so that no reader's browser has to.

Without Chromium the pages keep MathJax, which then does the same work in each reader's browser, only later.
"""

import html
import re
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from book.browser import PROGRAM, launched, served

MARK = re.compile(r'(<(?:span|div) class="math[^>]*>)\s*\\([(\[])(.*?)\\[)\]]\s*(?=</(?:span|div)>)', re.DOTALL)
SETTINGS = re.compile(r"<script>window\.MathJax = (.*?)</script>", re.DOTALL)
SCRIPTS = re.compile(r"<script>window\.MathJax.*?</script>|<script[^>]*/mathjax/[^>]*></script>", re.DOTALL)
FONTS = "mathjax/output/chtml/fonts/woff-v2"
STYLES = "formulas.css"
# A page with the book's own face, since the size of a formula follows the letters around it.
BENCH = """<!DOCTYPE html><html><link rel="stylesheet" href="_static/theme.css">
<body style="font: 17px/1.6 var(--pst-font-family-base)"><p id="bench">Words</p>
<script>window.MathJax = Object.assign({settings}, {{startup: {{typeset: false}}}})</script>
<script src="_static/mathjax/tex-chtml.js"></script></body></html>"""
SET = """async formulas => {
    await MathJax.startup.promise;
    await document.fonts.load('17px "Atkinson Hyperlegible Next"');
    const set = [], bench = document.getElementById('bench');
    for (const [display, tex] of formulas)
        set.push(await MathJax.tex2chtmlPromise(tex, {...MathJax.getMetricsFor(bench, display), display}));
    return [set.map(formula => formula.outerHTML), MathJax.chtmlStylesheet().textContent];
}"""


def set_formulas(folder: Path) -> None:
    """Replace the formulas' TeX in all pages of a folder by what MathJax makes of it."""
    pages = {path: path.read_text(encoding="utf-8") for path in [*folder.glob("*.html"), *folder.glob("*/*.html")]}
    pages = {path: text for path, text in pages.items() if MARK.search(text)}
    if PROGRAM is None or not pages:
        print("book: no Chromium was found, so formulas are left to the readers' browsers", flush=True)
        return
    formulas = sorted({formula(found) for text in pages.values() for found in MARK.finditer(text)})
    ready, styles = typeset(folder, formulas, SETTINGS.search(next(iter(pages.values())))[1])
    (folder / "_static" / STYLES).write_text(styles, encoding="utf-8")
    for path, text in pages.items():
        link = f'<link rel="stylesheet" href="{"../" * (len(path.relative_to(folder).parts) - 1)}_static/{STYLES}">'
        text = MARK.sub(lambda found: found[1] + ready[formula(found)], text)
        path.write_text(SCRIPTS.sub("", text).replace("</head>", f"{link}\n</head>", 1), encoding="utf-8")
    keep_fonts_alone(folder / "_static")


def formula(found: re.Match) -> tuple[bool, str]:
    """Return whether a formula stands in a line of its own, and its TeX."""
    return found[2] == "[", html.unescape(found[3]).strip()


def typeset(folder: Path, formulas: list[tuple[bool, str]], settings: str) -> tuple[dict, str]:
    """Return the HTML of each formula, and the style sheet for all."""
    bench = folder / "bench.html"
    bench.write_text(BENCH.format(settings=settings), encoding="utf-8")
    try:
        with sync_playwright() as driver, served(folder) as address:
            page = launched(driver).new_page()
            page.goto(f"{address}/{bench.name}")
            made, styles = page.evaluate(SET, formulas)
            return dict(zip(formulas, made, strict=True)), styles.replace(f"{address}/_static/", "")
    finally:
        bench.unlink()


def keep_fonts_alone(static: Path) -> None:
    """Remove MathJax but for its fonts."""
    fonts = shutil.move(static / FONTS, static / "fonts-of-formulas")
    shutil.rmtree(static / "mathjax")
    (static / FONTS).parent.mkdir(parents=True)
    shutil.move(fonts, static / FONTS)
