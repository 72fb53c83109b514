"""Lets old addresses of sections lead to where these stand now, as ``moved.yml`` says.

A server never sees what follows the # of an address, so the old page itself has to lead on.
"""

import json
import os
from pathlib import Path

import yaml

from book.notebooks import ROOT

TABLE = ROOT / "book" / "html" / "moved.yml"
SCRIPT = """<script>
(() => {{
  const moved = {moved};
  const lead = () => {{
    const to = moved[decodeURIComponent(location.hash.slice(1))];
    if (to) location.replace(to);
  }};
  addEventListener("hashchange", lead);
  lead();
}})();
</script>
"""


def table(file: Path = TABLE) -> dict[str, str]:
    """Return old address -> new address, both from the top of the book."""
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def lead_on(html: Path, moved: dict[str, str]) -> None:
    """Add to each old page of a folder what leads on to the new addresses.

    Raises:
        ValueError: a new address leads nowhere, or an old one is still in use.
    """
    texts = {address.partition("#")[0]: "" for pair in moved.items() for address in pair}
    for page in texts:
        if not (html / page).exists():
            raise ValueError(f"{TABLE.name} names {page}, and the book has no such page")
        texts[page] = (html / page).read_text(encoding="utf-8")
    by_page: dict[str, dict[str, str]] = {}
    for old, new in moved.items():
        page, _, anchor = old.partition("#")
        if not has_anchor(texts, new):
            raise ValueError(f"{TABLE.name} leads from {old} to {new}, where there is nothing")
        if has_anchor(texts, old):
            raise ValueError(f"{TABLE.name} leads on from {old}, where there still is a section")
        by_page.setdefault(page, {})[anchor] = os.path.relpath(new, Path(page).parent)
    for page, anchors in by_page.items():
        script = SCRIPT.format(moved=json.dumps(anchors))
        (html / page).write_text(texts[page].replace("</head>", f"{script}</head>", 1), encoding="utf-8")


def has_anchor(texts: dict[str, str], address: str) -> bool:
    """Say whether there is something at an address; without an anchor, it is the page."""
    page, _, anchor = address.partition("#")
    return not anchor or f'id="{anchor}"' in texts[page]
