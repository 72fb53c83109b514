"""Rules for classes that no page has are left out, and nothing else; what stays is one style sheet."""

import pytest

from book.html import stylesheets

PAGE = """<div class="card wide"><p class="note">text</p></div>
<script>document.body.classList.add("scrolled")</script>"""
KEPT = [
    ".card{color:red}",
    ".card.wide > .note:hover{color:red}",
    "p{color:red}",
    ".note:not(.gone){color:red}",
    ":is(.gone,.note) p{color:red}",
    ".scrolled .note{color:red}",  # set by the page's own script
    ".opened{color:red}",  # named in a script file
    '[data-theme="dark"] .note{color:red}',
    "@font-face{font-family:x}",
    "@keyframes turn{from{left:0}to{left:1px}}",
]
GONE = [".gone{color:red}", ".card .gone{color:red}", "p.gone:hover{color:red}", r".w-1\/2{color:red}"]


@pytest.fixture
def site(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "_static" / "open.js").write_text('x.className = "opened"', encoding="utf-8")
    return tmp_path


def left(site, sheet):
    """What is left of a style sheet, without white space."""
    path = site / "_static" / "looks.css"
    path.write_text(sheet, encoding="utf-8")
    stylesheets.without_unused_rules(site)
    return "".join(path.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("rule", KEPT)
def test_a_rule_that_may_match_stays(site, rule):
    assert left(site, rule) == "".join(rule.split())
    assert "".join(rule.split()) in left(site, f"@media print{{{rule}}}")


@pytest.mark.parametrize("rule", GONE)
def test_a_rule_that_cannot_match_goes(site, rule):
    assert left(site, rule) == ""


def test_of_several_selectors_those_stay_that_may_match(site):
    assert left(site, ".gone, .note, .gone .card { color: red; margin: 0 }") == ".note{color:red;margin:0}"


def test_a_class_with_an_escape_is_known_by_its_name(site):
    (site / "page.html").write_text('<p class="w-1/2">text</p>', encoding="utf-8")
    assert left(site, r".w-1\/2{color:red}") == r".w-1\/2{color:red}"


def test_a_style_sheet_that_cannot_be_read_is_an_error(site):
    with pytest.raises(ValueError, match="line 1 of a style sheet"):
        left(site, "p color: red }")


def test_every_page_asks_for_one_style_sheet(tmp_path):
    links = [
        '<link href="{top}_static/styles/theme.css?digest=1" rel="stylesheet" />',
        '<link rel="stylesheet" type="text/css" href="{top}_static/own.css?v=2" />',
        '<link rel="stylesheet" href="{top}_static/formulas.css">',
        '<link rel="icon" href="{top}_static/own.svg"/>',
    ]
    sheets = {
        "styles/theme.css": '@import "../basic.css";',
        "basic.css": "p { background: url(file.png) }",
        "own.css": 'b { background: url("fonts/b.woff") } i { background: url("data:image/png,x") }',
        "styles/unused.css": "u { color: red }",
        "formulas.css": "mjx { color: red }",
    }
    for name, sheet in sheets.items():
        (tmp_path / "_static" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "_static" / name).write_text(sheet, encoding="utf-8")
    for name, top in (("page.html", ""), ("chapters/page.html", "../")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("\n".join(links).format(top=top), encoding="utf-8")
    stylesheets.bundle(tmp_path)
    (book,) = tmp_path.glob("_static/book-*.css")
    assert sorted(path.name for path in tmp_path.rglob("*.css")) == [book.name, "formulas.css"]
    assert book.read_text(encoding="utf-8").splitlines() == [
        'p { background: url("file.png") }',
        'b { background: url("fonts/b.woff") } i { background: url("data:image/png,x") }',
    ]
    lines = (tmp_path / "chapters" / "page.html").read_text(encoding="utf-8").splitlines()
    assert lines == [
        f'<link rel="stylesheet" href="../_static/{book.name}">',
        *(links[i].format(top="../") for i in (2, 3)),
    ]


def test_addresses_in_a_sheet_of_another_folder_are_mended(tmp_path):
    (tmp_path / "_static" / "styles").mkdir(parents=True)
    sheet = "p { background: url('../vendor/a.png') } q { background: url(b.png) }"
    (tmp_path / "_static" / "styles" / "x.css").write_text(sheet, encoding="utf-8")
    merged = 'p { background: url("vendor/a.png") } q { background: url("styles/b.png") }'
    assert stylesheets.merged(tmp_path, "_static/styles/x.css") == merged
