"""A Sphinx extension: each chapter's first use of a glossary term leads to its entry, and stands in the index."""

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.nodes import _make_id

GLOSSARY = "glossary"
# These are everyday words too, so only an emphasized use is taken for the term.
AMBIGUOUS = {
    *("advantage", "agent", "attention", "bias", "claim", "class", "clinic", "discount", "episode", "erasing"),
    *("feature", "generator", "guidance", "inference", "kernel", "label", "mask", "patch", "policy", "precision"),
    *("profile", "recall", "reward", "scale and zero point", "seed", "teacher"),
}
CLOSED = (nodes.title, nodes.literal, nodes.math, nodes.reference, nodes.caption, nodes.raw, addnodes.pending_xref)


def entries(text: str) -> dict[str, tuple[str, str]]:
    """Return form in lower case -> (term as the glossary writes it, definition), for every form of every term."""
    body = re.search(r"```\{glossary\}\n(.*?)```", text, re.DOTALL)[1]
    found = {}
    for term, definition in re.findall(r"^(\S.*)\n((?:  .*\n)+)", body, re.MULTILINE):
        for form in re.sub(r" \(.*\)$", "", term).split(" / "):
            found[form.lower()] = (term, " ".join(definition.split()))
    return found


def pattern(forms: list[str]) -> re.Pattern:
    """Return what finds any of the forms, in the singular or plural; the longest wins."""
    words = sorted(map(re.escape, forms), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(words)})(s|es)?(?![\w-])", re.IGNORECASE)


class LinkFirstUses(SphinxTransform):
    """Puts a link on the first use of each term in the prose of a chapter."""

    default_priority = 700  # before Sphinx collects what goes into the index

    def apply(self, **_: object) -> None:
        """Change the document."""
        if not self.env.docname.startswith("chapters/"):
            return
        path = Path(self.env.srcdir) / f"{GLOSSARY}.md"
        self.env.note_dependency(str(path))
        known = entries(path.read_text(encoding="utf-8"))
        finder, seen = pattern(list(known)), set()
        for text in list(self.document.findall(nodes.Text)):
            if in_prose(text):
                pieces = linked(self.app, text, finder, known, seen)
                if len(pieces) > 1:
                    text.parent.replace(text, pieces)


def in_prose(text: nodes.Text) -> bool:
    """Say whether a text stands in a paragraph, and in nothing that is a title, code or a link already."""
    above, node = [], text.parent
    while node is not None:
        above.append(node)
        node = node.parent
    return any(isinstance(node, nodes.paragraph) for node in above) and not any(isinstance(n, CLOSED) for n in above)


def linked(app: Sphinx, text: nodes.Text, finder: re.Pattern, known: dict, seen: set[str]) -> list[nodes.Node]:
    """Return a text in pieces, with links on those uses of terms that are the first."""
    pieces, at, words = [], 0, text.astext()
    emphasized = isinstance(text.parent, nodes.emphasis | nodes.strong)
    for found in finder.finditer(words):
        form = found[1].lower()
        term, definition = known[form]
        if term in seen or (form in AMBIGUOUS and not emphasized):
            continue
        seen.add(term)
        pieces += [nodes.Text(words[at : found.start()]), *link(app, found[0], term, definition)]
        at = found.end()
    return [*pieces, nodes.Text(words[at:])]


def link(app: Sphinx, words: str, term: str, definition: str) -> list[nodes.Node]:
    """Return a link to a term's entry, with its definition as a tool tip, and its line in the index."""
    anchor = _make_id(f"term-{term}")
    place = _make_id(f"use-{term}")
    address = f"{app.builder.get_relative_uri(app.env.docname, GLOSSARY)}#{anchor}"
    index = addnodes.index(entries=[("single", term, place, "", None)])
    reference = nodes.reference("", words, refuri=address, internal=True, classes=["term"], ids=[place])
    if "$" not in definition:
        reference["reftitle"] = definition.replace("`", "")
    return [index, reference]


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    app.add_transform(LinkFirstUses)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
