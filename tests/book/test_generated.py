"""What the build writes by itself: openings, the Clinic's index, references, the sheet of shapes, links to terms."""

import json
import re

import pytest
import torch
from fontTools.ttLib import TTFont
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from book import notebooks, screenshot
from book.html import optimize
from book.notebooks import ROOT
from book.pages import chapter_facts, chapter_header, clinic, landing, references, shapes
from book.sphinx_extensions import glossary

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="


def claim(name, value, **bound):
    data = {notebooks.CLAIM_MIME: {"name": name, "value": value, "bound": bound, "passed": True}}
    return new_output("display_data", data=data)


def chapter(title="First: a start", goals="Prerequisites: none."):
    figure = {"mystnb": {"image": {"alt": "a grey dot"}, "figure": {"caption": "A dot."}}}
    picture = new_output("display_data", data={"image/png": PIXEL}, metadata={"image/png": {"width": 70}})
    cells = [
        new_markdown_cell(f"# {title}\n\nA promise. A second one."),
        new_markdown_cell(f"## Goals\n\n- Learn.\n\n{goals}"),
        new_markdown_cell("Here is where it goes."),
        new_code_cell("plt.show()", outputs=[picture, claim("dots", 1, equals=1)], metadata=figure),
        new_markdown_cell("## Clinic"),
        new_markdown_cell("### Z1 · A loss has `no` shape\n\nThe cross-entropy."),
        new_code_cell("1", outputs=[new_output("stream", text="ValueError: bad | shape\n")]),
        new_markdown_cell("### Z2 · ReLU is fine"),
        new_code_cell("2", outputs=[claim("slope", 0.5, equals=0.5)]),
        new_markdown_cell(
            "## Recap\n\n### References\n\n- Kingma and Ba, [Adam](https://arxiv.org/abs/1412.6980), 2014."
        ),
    ]
    run = {"device": "cpu", "device_name": "Some CPU", "threads": 1}
    course = {"seconds": 12.3, "peak_bytes": 5e8, "run": run, "claims": [{"passed": True}]}
    return new_notebook(cells=cells, metadata={"course": course})


def test_a_chapter_opens_with_facts_and_picture():
    source = chapter()
    notebook, picture = chapter_header.with_header("first", {"first": source})
    _, strip, block, words, goals = [cell.source for cell in notebook.cells[:5]]
    assert "12 s on CPU" in strip
    assert "Some CPU, 1 thread, 0.5 GB" in strip
    assert '<a href="../colab/first.ipynb">' in strip
    assert ":alt: a grey dot" in block
    assert ":width: 70px" in block
    assert words == "Here is where it goes."
    assert goals.startswith("## Goals")
    assert picture.startswith(b"\x89PNG")
    (drawing,) = [cell for cell in notebook.cells if cell.source == "plt.show()"]
    assert len(drawing.outputs) == 1  # the claim stays
    assert len(source.cells[3].outputs) == 2  # and the executed notebook is left alone


def test_the_colab_button_needs_an_address(monkeypatch):
    monkeypatch.setattr(chapter_header.repository, "url", lambda: "https://github.com/a/b")
    (first, words), *_ = chapter_header.ways_to_get("first")
    assert words == "Open in Colab"
    assert first == "https://colab.research.google.com/github/a/b/blob/colab/first.ipynb"


def test_the_level_counts_the_chapters_before():
    chapters = {
        "first": chapter(),
        "second": chapter("Second", "Prerequisites: [First](first.ipynb)."),
        "third": chapter("Third", "Prerequisites: [Second](second.ipynb)."),
    }
    assert chapter_facts.level("first", chapters) == ("Beginner", "no chapter before it")
    assert chapter_facts.level("third", chapters) == ("Intermediate", "after Second")


def test_the_clinic_lists_each_case_with_what_the_machine_says():
    page = clinic.page({"first": chapter()})
    assert (
        "| Z1 | [A loss has `no` shape](chapters/first.ipynb#z1--a-loss-has-no-shape) | `ValueError: bad \\| shape` |"
        in page
    )
    assert "| Z2 | [ReLU is fine](chapters/first.ipynb#z2--relu-is-fine) | slope: 0.5 |" in page
    assert "found while these were tried.\n\n- Z1 · " in page
    assert "### Losses\n\n- Z1 · " in page
    assert "### Activations\n\n- Z2 · " in page


def test_links_to_what_the_build_writes():
    """In the book those pages stand at the top; a chapter's link leads to a table of results that there is."""
    text = "[a](generated/clinic.md) [b](../generated/results.md#c)"
    assert notebooks.without_generated(text) == "[a](clinic.md) [b](../results.md#c)"
    linked = re.findall(r"\]\(\.\./generated/results\.md#([\w-]+)\)", (ROOT / "chapters/debugging.ipynb").read_text())
    title = json.loads((ROOT / "results/benchmarks/doctor.json").read_text())["title"]
    assert linked == [title.lower().replace(" ", "-")]


def test_the_front_page_is_filled():
    text = landing.page({"concepts": chapter(), "cnn": chapter("Second")})
    assert "<!-- " not in text
    parts = [text.index(f"### {caption}") for caption in list(notebooks.toc_parts())[:2]]
    assert parts[0] < text.index("1 · First: a start") < parts[1] < text.index("2 · Second")


def test_the_picture_of_a_page_is_taken_in_a_section_that_exists():
    anchor = screenshot.SECTION.removeprefix("#")
    chapter = notebooks.read(notebooks.CHAPTERS / f"{screenshot.PAGE.stem}.ipynb")
    assert anchor in {found for _, _, found in notebooks.anchored_headings(chapter)}


def test_references_name_the_chapters():
    page = references.page({"first": chapter()})
    assert "[arXiv:1412.6980](https://arxiv.org/abs/1412.6980). In: [First](chapters/first.ipynb)." in page
    assert page.count("\n- ") == 1


def test_a_number_that_the_bibliography_lacks_is_listed_too():
    notebook = chapter()
    notebook.cells[-1].source += "\n- Somebody, [doi](https://doi.org/10.1000/xyz123), 2031."
    assert "[doi:10.1000/xyz123](https://doi.org/10.1000/xyz123). In: [First]" in references.page({"first": notebook})


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), [(16, 3, 1, 1), (12, 3, 2, 1), (7, 2, 2, 0)])
def test_the_sheets_rule_for_convolutions(size, kernel, stride, padding):
    out = torch.nn.Conv1d(1, 1, kernel, stride, padding)(torch.zeros(1, 1, size)).shape[-1]
    assert out == (size + 2 * padding - (kernel - 1) - 1) // stride + 1


def test_the_sheet_of_shapes():
    page = shapes.page()
    assert "| `nn.Linear(5, 4)(x)` | x (2, 5) | (2, 4) |" in page
    assert "(B, 1) with (B,) gives (B, B)" in page
    assert (torch.zeros(3, 1) - torch.zeros(3)).shape == (3, 3)
    assert all(f"= {size}" in page for size in shapes.INPUTS["logits"].shape)


def test_forms_of_terms():
    lines = [
        "```{glossary}",
        "loss / loss function (损失)",
        "  A number",
        "  to make small.",
        "Adam",
        "  An optimizer.",
    ]
    text = "\n".join([*lines, "```"])
    known = glossary.entries(text)
    assert known["loss function"] == ("loss / loss function (损失)", "A number to make small.")
    assert set(known) == {"loss", "loss function", "adam"}
    found = glossary.pattern(list(known)).findall("Losses, a loss function; Adam's floss")
    assert [words[0] for words in found] == ["Loss", "loss function", "Adam"]


def test_the_fonts_hold_every_chinese_character_of_the_glossary():
    text = (ROOT / "glossary.md").read_text(encoding="utf-8")
    wanted = {character for character in text if "\u3000" <= character <= "\u9fff"}
    held = TTFont(ROOT / "_static" / "fonts" / "noto-sans-sc.woff").getBestCmap()
    assert {character for character in wanted if ord(character) not in held} == set()


def test_pictures_shrink_without_loss(tmp_path, monkeypatch):
    monkeypatch.setattr(optimize, "KEPT", tmp_path / "kept")
    picture = Image.linear_gradient("L").convert("RGBA")
    picture.save(tmp_path / "a.png")
    name, width, height = optimize.smaller(tmp_path / "a.png")
    assert (name, width, height) == ("a.webp", 256, 256)
    assert Image.open(tmp_path / name).convert("RGBA").tobytes() == picture.tobytes()


def test_pictures_get_their_size_and_wait():
    page = (
        '<img alt="x" src="../_images/a.png" /><a href="../_images/a.png"><img src="../_images/a.png" style="s" /></a>'
    )
    text = optimize.with_sizes(page, {"a.png": ("a.webp", 70, 30)})
    assert text.count('src="../_images/a.webp"') == 2
    assert text.count("width=70 height=30") == 2
    assert text.count('loading="lazy"') == 1
    assert 'href="../_images/a.webp"' in text
