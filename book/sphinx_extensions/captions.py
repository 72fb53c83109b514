"""A Sphinx extension: a caption belongs to the figure of a cell, not to the lines that the cell shows beside it.

The figure and caption of a cell's metadata are put around each of its rich outputs, an expectation's line too.
"""

from docutils import nodes
from sphinx.application import Sphinx


def unwrap(_app: Sphinx, document: nodes.document) -> None:
    """Take figures that hold no image out of the document, and leave what they hold in place."""
    for figure in list(document.findall(nodes.figure)):
        if not any(figure.findall(nodes.image)):
            kept = [child for child in figure.children if not isinstance(child, nodes.caption | nodes.legend)]
            figure.parent.replace(figure, kept)


def setup(app: Sphinx) -> dict:
    """Register with Sphinx; before numbers are given to figures."""
    app.connect("doctree-read", unwrap, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
