"""Every figure says in words what it shows."""

from book import notebooks

PICTURES = {"image/png", "image/jpeg", "image/svg+xml"}


def figures(executed):
    return [
        cell
        for cell in notebooks.code_cells(executed)
        if any(PICTURES & set(output.get("data", {})) for output in cell.outputs)
    ]


def test_there_are_figures(executed):
    assert figures(executed)


def test_every_figure_has_alternative_text_and_a_caption(executed):
    for cell in figures(executed):
        mystnb = cell.metadata.get("mystnb", {})
        alt = mystnb.get("image", {}).get("alt", "")
        caption = mystnb.get("figure", {}).get("caption", "")
        assert len(alt.split()) >= 5, f"cell {cell.id}: its metadata mystnb.image.alt should say what the figure shows"
        assert len(caption.split()) >= 3, f"cell {cell.id}: its metadata mystnb.figure.caption is missing"
        assert alt != caption, f"cell {cell.id}: alternative text describes, a caption explains"


def test_no_text_for_a_figure_that_is_not_there(executed):
    drawn = {cell.id for cell in figures(executed)}
    described = {cell.id for cell in notebooks.code_cells(executed) if "image" in cell.metadata.get("mystnb", {})}
    assert described <= drawn
