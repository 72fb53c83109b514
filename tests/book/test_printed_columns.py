"""What cells print in columns is told from what they print as lines."""

import pytest

from book.html.printed_columns import in_columns, with_columns

TABLE = "scalar ()      ()      1 numbers\nvector (D,)    (3,)    3 numbers\n"


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (TABLE, True),
        ("accuracy\n" + TABLE, True),  # a line above the columns
        (TABLE.splitlines()[0], False),  # one line is no table
        ("It loses: neighbors no longer belong together, and the average\nthrows away where they were.\n", False),
        ("    indented code\n    and a second line\n", False),
        ("one\ntwo\nthree\n" + TABLE, False),  # mostly lines
        ("", False),
    ],
)
def test_two_lines_with_gaps_are_columns(printed, expected):
    assert in_columns(printed) is expected


def test_only_printed_columns_are_marked():
    printed = (
        '<div class="output {kind} highlight-myst-ansi notranslate"><div class="highlight"><pre>{text}</pre></div>'
    )
    code = f'<div class="highlight-ipython3 notranslate"><div class="highlight"><pre>{TABLE}</pre></div>'
    lines = printed.format(kind="stream", text="one line\nand another\n")
    table = printed.format(kind="text_plain", text=TABLE)
    marked = table.replace("notranslate", "notranslate columns").replace("<pre>", '<pre tabindex="0">')
    assert with_columns(code + lines + table + lines + table) == code + lines + marked + lines + marked
