"""Takes out of a rendered page what costs its reader time and shows nothing."""

import re
from pathlib import Path

RULE = re.compile(r'\[data-theme="(\w+)"\] \.highlight( \.(\w+))? \{([^}]*?)\}')
TOKEN = re.compile(r'<span class="(\w+)">([^<]*)</span>')
# Scripts that need not be there before the page; inline ones speak to documentation_options.js
WAITING = re.compile(r'<script src="([^"]*_static/(?!documentation_options)[^"]*)"></script>')
# The theme asks each box of code on load whether it can be scrolled by the keyboard, which lays out the whole page.
EVERY_BOX = ".forEach(e=>{e.tabIndex=e.scrollWidth>e.clientWidth||e.scrollHeight>e.clientHeight?0:-1})}"
NEAR_BOXES = """.forEach(e=>{near.unobserve(e);near.observe(e)})},near=new IntersectionObserver(seen=>seen.forEach(
({target:e,isIntersecting:here})=>{if(here)e.tabIndex=e.scrollWidth>e.clientWidth||e.scrollHeight>e.clientHeight?0:-1}),
{rootMargin:"100%"})"""


def plain_tokens(styles: str) -> set[str]:
    """Return the classes of code tokens that a style sheet of Pygments shows like the text around them."""
    looks: dict[str, dict[str, str]] = {}
    for theme, _, token, rules in RULE.findall(styles):
        color = re.search(r"(?<![\w-])color: (\S+?);?(?:\s|$)", rules)
        odd = re.search(r"font-|text-|background-color|border", rules)
        looks.setdefault(token, {})[theme] = "odd" if odd else color[1].lower() if color else ""
    around = looks.pop("")
    return {token for token, look in looks.items() if look == around}


def without_plain_tokens(text: str, plain: set[str]) -> str:
    """Return a page whose code has no elements around what is not set off, often half of all."""
    return TOKEN.sub(lambda found: found[2] if found[1] in plain else found[0], text).replace("<span></span>", "")


def with_late_scripts(text: str) -> str:
    """Return a page that is read and shown before its scripts are there; they run in the same order."""
    return WAITING.sub(r'<script defer src="\1"></script>', text)


def ask_near_boxes(html: Path) -> bool:
    """Make the theme's script ask only the boxes near what is on the screen; say whether the script was as expected."""
    script = html / "_static" / "scripts" / "pydata-sphinx-theme.js"
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace(EVERY_BOX, NEAR_BOXES), encoding="utf-8")
    return EVERY_BOX in text
