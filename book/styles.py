"""Takes out of the rendered book's style sheets the rules that match nothing on any page.

The theme brings all of Bootstrap. A rule goes if each of its selectors asks for a class that neither a page has nor a
script could set; whatever a script names, in any word, stays.
"""

import re
from pathlib import Path

import tinycss2
from tinycss2.ast import Node

CLASS = re.compile(r"\.(-?[A-Za-z_](?:[\w-]|\\.)*)")
ATTRIBUTE = re.compile(r'class="([^"]*)"')
INLINE = re.compile(r"<script.*?</script>", re.DOTALL)
WORD = re.compile(r"[\w-]+")
NESTING = ("media", "supports", "layer")


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
