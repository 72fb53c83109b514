"""Makes the rendered pages light: smaller pictures of known size, icons without a script, no unused files."""

import hashlib
import io
import json
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from book.html import minify, printed_columns, stylesheets
from book.notebooks import ROOT

KEPT = ROOT / "_build" / "pictures"  # compressed pictures, by their content

# What Sphinx and the theme bring along, and no page here asks for.
UNUSED = (
    *("_sources", "_static/locales", "_static/sbt-webpack-macros.html"),
    *("_static/webpack-macros.html", "_static/scripts/fontawesome.js", "_static/scripts/fontawesome.js.LICENSE.txt"),
    *(f"_static/mathjax/{name}" for name in ("adaptors", "node-main.js", "latest.js", "core.js", "loader.js")),
    *(f"_static/mathjax/{name}" for name in ("startup.js", "input/asciimath.js", "input/mml", "input/mml.js")),
    *(f"_static/mathjax/{name}" for name in ("output/svg", "output/svg.js", "input/tex-full.js", "mml-chtml.js")),
    *(f"_static/mathjax/{name}" for name in ("mml-svg.js", "tex-chtml-full-speech.js", "tex-chtml-full.js")),
    *(f"_static/mathjax/tex-{name}.js" for name in ("mml-chtml", "mml-svg", "svg-full", "svg")),
)
SEARCH_ONLY = re.compile(r'\s*<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>')
ICON_SCRIPT = re.compile(r'<script[^>]* src="([^"]*)scripts/fontawesome\.js[^"]*"></script>')
# Scripts that serve only pages which hold something of theirs: (script, what shows the need)
NEEDED_BY = {
    r"<script>window\.MathJax.*?</script>": 'class="math',
    r"<script[^>]*/mathjax/[^>]*></script>": 'class="math',
    r"<script[^>]*/design-tabs\.js[^>]*></script>": "sd-tab-set",
    r"<script[^>]*/togglebutton\.js[^>]*></script>": "toggle-",
}
# Fonts set off with the page, not after its style sheets; a browser refuses this where there is no server.
FONTS = """<script>
if (location.protocol !== "file:") for (const name of ["atkinson-next", "atkinson-next-italic", "iosevka-400"]) {{
  const font = Object.assign(document.createElement("link"), {{rel: "preload", as: "font", crossOrigin: ""}});
  font.href = "{top}_static/fonts/" + name + ".woff2";
  document.head.append(font);
}}
</script>
"""
PICTURE = re.compile(r'<img (?P<before>[^>]*?)src="(?P<folder>[^"]*_images/)(?P<name>[^"/]+)"(?P<after>[^>]*?)/?>')
LINKED = re.compile(r'(href="[^"]*_images/)([^"/]+)"')  # a picture with a width of its own leads to itself
FOOTNOTE = re.compile(r'<a href="(chapters/[\w-]+\.html)#([^"]*)">\[\d+\]</a>')


def optimize(html: Path) -> None:
    """Change the pages in that folder, in place."""
    icons(html)
    pictures = sorted((html / "_images").glob("*.[pw]*"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sizes = dict(zip([path.name for path in pictures], pool.map(smaller, pictures), strict=True))
    plain = minify.plain_tokens((html / "_static" / "pygments.css").read_text(encoding="utf-8"))
    minify.ask_near_boxes(html)
    names = {path.relative_to(html).as_posix(): title(path) for path in html.glob("chapters/*.html")}
    for path in [*html.glob("*.html"), *html.glob("chapters/*.html")]:
        text = path.read_text(encoding="utf-8")
        text = ICON_SCRIPT.sub(r'<link rel="stylesheet" href="\1icons.css">', text)
        for script, need in NEEDED_BY.items():
            text = text if need in text else re.sub(script, "", text, flags=re.DOTALL)
        top = "../" * (len(path.relative_to(html).parts) - 1)
        text = text.replace('<meta charset="utf-8" />', '<meta charset="utf-8" />' + FONTS.format(top=top), 1)
        text = printed_columns.with_columns(minify.without_plain_tokens(text, plain))
        if path.name != "search.html":
            text = minify.with_late_scripts(SEARCH_ONLY.sub("", text))
        if path.name == "genindex.html":
            text = FOOTNOTE.sub(lambda found: f'<a href="{found[1]}#{found[2]}">{names[found[1]]}</a>', text)
        path.write_text(with_sizes(text, sizes), encoding="utf-8")
    for name in UNUSED:
        shutil.rmtree(html / name) if (html / name).is_dir() else (html / name).unlink(missing_ok=True)
    for path in [*(html / "_static").rglob("*.map"), *(html / "_static" / "vendor").rglob("fa-[br]*")]:
        path.unlink()
    stylesheets.without_unused_rules(html)


def title(path: Path) -> str:
    """Return a page's first heading as far as its colon."""
    return re.search(r"<h1>(.*?)[<:]", path.read_text(encoding="utf-8"))[1]


def smaller(path: Path) -> tuple[str, int, int]:
    """Compress a picture without loss, and return the new file's name, width and height."""
    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        if path.suffix != ".png":
            return path.name, width, height
        kept = KEPT / f"{hashlib.sha256(content).hexdigest()}.webp"
        if not kept.exists():
            opaque = image.mode == "RGBA" and image.getextrema()[3] == (255, 255)
            kept.parent.mkdir(parents=True, exist_ok=True)
            (image.convert("RGB") if opaque else image).save(kept, lossless=True, quality=60, method=4)
    path.unlink()
    return shutil.copyfile(kept, path.with_suffix(".webp")).name, width, height


def with_sizes(text: str, sizes: dict[str, tuple[str, int, int]]) -> str:
    """Give each picture its size, so that nothing moves when it arrives, and let all but the first one wait."""
    count = 0

    def changed(found: re.Match) -> str:
        nonlocal count
        if found["name"] not in sizes:
            return found[0]
        name, width, height = sizes[found["name"]]
        count += 1
        when = 'loading="lazy" decoding="async"' if count > 1 else 'fetchpriority="high"'
        rest = f"{found['before']}{found['after'].strip()} width={width} height={height} {when}"
        return f'<img src="{found["folder"]}{name}" {rest}>'

    text = PICTURE.sub(changed, text)
    return LINKED.sub(lambda found: f'{found[1]}{sizes[found[2]][0]}"' if found[2] in sizes else found[0], text)


def icons(html: Path) -> None:
    """Write ``_static/icons.css``: the icons that pages use, taken from the theme's script that holds two thousand."""
    script = html / "_static" / "scripts" / "fontawesome.js"
    if not script.exists():
        return
    source = script.read_text(encoding="utf-8")
    pages = "".join(path.read_text(encoding="utf-8") for path in html.rglob("*.html"))
    rules = []
    for name in sorted({*re.findall(r"\bfa-([a-z-]+)", pages), "xmark"}):
        if found := re.search(rf'"?\b{name}"?:\[(\d+),(\d+),\[[^\]]*\],"\w+",("[^"]+")\]', source):
            svg = (
                f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {found[1]} {found[2]}'>"
                f"<path d='{json.loads(found[3])}'/></svg>"
            )
            rules.append(
                f'.fa-{name}{{--icon:url("data:image/svg+xml,{svg.replace("<", "%3C").replace(">", "%3E")}")}}'
            )
    (html / "_static" / "icons.css").write_text(ICON_STYLE + "\n".join(rules) + "\n", encoding="utf-8")


ICON_STYLE = """/* book/html/optimize.py took these from the theme's Font Awesome Free icons (CC BY 4.0) */
.fas, .fa-solid {
  background: currentColor;
  display: inline-block;
  height: 1em;
  -webkit-mask: var(--icon) center / contain no-repeat;
  mask: var(--icon) center / contain no-repeat;
  vertical-align: -0.125em;
  width: 1.1em;
}
.fa-lg { font-size: 1.25em; }
.fas::before, .fa-solid::before { content: none !important; }
"""
