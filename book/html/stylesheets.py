"""Makes of the rendered book's dozen style sheets one, without the rules that match nothing on any page.

The theme brings all of Bootstrap. A rule goes if each of its selectors asks for a class that neither a page has nor a
script could set; whatever a script names, in any word, stays.
"""

import hashlib
import os
import re
from pathlib import Path

import tinycss2
from tinycss2.ast import Node

CLASS = re.compile(r"\.(-?[A-Za-z_](?:[\w-]|\\.)*)")
ATTRIBUTE = re.compile(r'class="([^"]*)"')
INLINE = re.compile(r"<script.*?</script>", re.DOTALL)
WORD = re.compile(r"[\w-]+")
NESTING = ("media", "supports", "layer")
LINK = re.compile(
    r'<link(?=[^>]* rel="stylesheet")[^>]* href="(?P<top>(?:\.\./)*)(?P<name>_static/[^"?]+)[^"]*"[^>]*>\s*'
)
IMPORT = re.compile(r'@import "([^"]+)";')
ADDRESS = re.compile(r"""url\((["']?)(?!data:)([^"')]+)\1\)""")
OF_SOME_PAGES = "_static/formulas.css"  # and of no others: it stays by itself


def without_unused_rules(html: Path) -> None:
    """Rewrite every style sheet in that folder."""
    known = classes(html)
    for sheet in html.rglob("*.css"):
        rules = tinycss2.parse_stylesheet_bytes(sheet.read_bytes(), skip_comments=True, skip_whitespace=True)[0]
        sheet.write_text(used(rules, known), encoding="utf-8")


def classes(html: Path) -> set[str]:
    """Return the classes on the pages, and every word of their scripts; formulas bring their own styles."""
    found: set[str] = set()
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        found.update(name for names in ATTRIBUTE.findall(text) for name in names.split())
        found.update(word for script in INLINE.findall(text) for word in WORD.findall(script))
    for script in html.rglob("*.js"):
        if "mathjax" not in script.parts and script.name != "searchindex.js":
            found.update(WORD.findall(script.read_text(encoding="utf-8")))
    return found


def used(rules: list[Node], known: set[str]) -> str:
    """Return the rules that may match where only those classes are known."""
    kept = []
    for rule in rules:
        if rule.type == "error":
            raise ValueError(f"line {rule.source_line} of a style sheet cannot be read: {rule.message}")
        if rule.type == "qualified-rule":
            matching = [selector for selector in selectors(rule.prelude) if asked(selector) <= known]
            if matching:
                kept.append(f"{','.join(map(text, matching))}{{{text(rule.content)}}}")
        elif rule.lower_at_keyword in NESTING and rule.content is not None:
            inside = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            kept.append(f"@{rule.at_keyword} {text(rule.prelude)}{{{used(inside, known)}}}")
        else:
            kept.append(rule.serialize())
    return "\n".join(kept)


def selectors(prelude: list[Node]) -> list[list[Node]]:
    """Part a rule's selectors at its outer commas."""
    parts: list[list[Node]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def asked(selector: list[Node]) -> set[str]:
    """Return the classes that an element must have; those in brackets, as of :not() and :is(), need not be there."""
    outside = "".join(token.serialize() for token in selector if token.type != "function")
    return {re.sub(r"\\(.)", r"\1", name) for name in CLASS.findall(outside)}


def text(tokens: list[Node]) -> str:
    """Return tokens as they are written."""
    return tinycss2.serialize(tokens).strip()


def bundle(html: Path) -> None:
    """Let every page ask for one style sheet instead of a dozen, each of which would hold up its first paint."""
    kept = set()
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        found = [link for link in LINK.finditer(text) if link["name"] != OF_SOME_PAGES]
        if not found:
            continue
        sheet = "\n".join(merged(html, link["name"]) for link in found)
        name = f"_static/book-{hashlib.sha256(sheet.encode()).hexdigest()[:10]}.css"
        (html / name).write_text(sheet, encoding="utf-8")
        kept.add(name)
        for link in found[1:]:
            text = text.replace(link[0], "", 1)
        one = f'<link rel="stylesheet" href="{found[0]["top"]}{name}">\n'
        page.write_text(text.replace(found[0][0], one, 1), encoding="utf-8")
    for sheet in html.rglob("*.css"):
        if sheet.relative_to(html).as_posix() not in {*kept, OF_SOME_PAGES}:
            sheet.unlink()


def merged(html: Path, name: str) -> str:
    """Return a style sheet with those that it imports, and with addresses as they are from ``_static``."""
    folder = Path(name).parent
    sheet = (html / name).read_text(encoding="utf-8")
    sheet = ADDRESS.sub(lambda found: f'url("{os.path.relpath(folder / found[2], "_static")}")', sheet)
    return IMPORT.sub(lambda found: merged(html, os.path.normpath(folder / found[1])), sheet)
