"""The page of a sweep stands alone: no script, no other host, and no text of a notebook is taken for HTML."""

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from apps.sweep import charts
from apps.sweep.config import SweepConfig
from apps.sweep.page import write_page

SPACE = {
    "lr": FloatDistribution(1e-4, 1.0, log=True),
    "hidden": IntDistribution(4, 64),
    "kind": CategoricalDistribution(["a", "b", "c"]),
}


def config(**changes):
    fields = {"notebook": Path("/x/tiny.ipynb"), "digest": "", "out": Path("/x/out"), "space": SPACE, "metric": "score"}
    fields |= {"direction": "maximize", "trials": 3, "storage": "/x/j", "study": "tiny", "fixed": {"seed": 0}}
    return SweepConfig(**(fields | changes))


def row(number, value, lr=1e-2, hidden=8, kind="b", **rest):
    state = "complete" if value is not None else "failed"
    parameters = {"lr": lr, "hidden": hidden, "kind": kind}
    row = {"number": number, "state": state, "value": value, "parameters": parameters, "seconds": 1.5}
    return row | {"notebook": f"trials/{number:04d}.ipynb", "error": None} | rest


TABLE = [row(0, 0.5), row(1, 0.9, lr=1.0, hidden=64, kind="c"), row(2, None, error="ValueError: <b>no</b>")]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.addresses = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src")]


def read(folder, table=TABLE, **changes):
    write_page(folder, config(**changes), table)
    text = (folder / "index.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    return text, tags


def test_needs_no_script_and_no_other_host(tmp_path):
    text, tags = read(tmp_path)
    assert not {"script", "link", "img", "iframe"} & set(tags.tags)
    assert not re.search(r"https?:|//\w|url\(|@import", text)


def test_links_notebooks_that_are_there(tmp_path):
    (tmp_path / "trials").mkdir()
    (tmp_path / "trials" / "0001.ipynb").touch()
    _, tags = read(tmp_path)
    assert tags.addresses == ["trials/0001.ipynb"]


def test_escapes_what_notebooks_say(tmp_path):
    text, tags = read(tmp_path, metric="<i>score</i>")
    assert "i" not in tags.tags
    assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in text


def test_knows_dark_mode_and_phones(tmp_path):
    text, _ = read(tmp_path)
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport" content="width=device-width' in text


@pytest.mark.parametrize("table", [[], TABLE[2:], TABLE[:1], [row(0, 0.5), row(1, 0.5)]])
def test_can_be_written_at_any_stage(tmp_path, table):
    read(tmp_path, table)


@pytest.mark.parametrize(("direction", "best"), [("maximize", 1), ("minimize", 0)])
def test_the_best_trial_stands_out(direction, best):
    drawn = ElementTree.fromstring(charts.parallel_coordinates(SPACE, TABLE, metric="score", direction=direction))
    titles = [g.find("title").text for g in drawn.iter("g") if "best" in g.get("class")]
    assert len(titles) == 1
    assert titles[0].startswith(f"trial {best}:")


def test_a_path_goes_through_the_right_places():
    drawn = ElementTree.fromstring(charts.parallel_coordinates(SPACE, TABLE[:2], metric="score", direction="maximize"))
    lines = next(g for g in drawn.iter("g") if "best" in g.get("class")).findall("line")
    places = [float(line.get("x1").rstrip("%")) for line in lines] + [float(lines[-1].get("x2").rstrip("%"))]
    left, right = charts.LEFT, charts.LEFT + charts.WIDTH
    assert places == pytest.approx([right, right, left + charts.WIDTH * 5 / 6, right], abs=0.01)


def test_ticks_keep_their_distance():
    for axis in (*SPACE.values(), FloatDistribution(0.0011, 1.0, log=True), IntDistribution(1, 10**6, log=True)):
        at = [place for place, _ in charts.ticks(axis)]
        assert at == sorted(at)
        assert all(b - a > 0.1 for a, b in pairwise(at))


def test_the_curve_of_the_best_never_gets_worse():
    table = [row(n, value) for n, value in enumerate([0.3, 0.8, 0.5, 0.9])]
    drawn = ElementTree.fromstring(charts.optimization_history(table, direction="maximize"))
    heights = [float(line.get("y2")) for line in drawn.iter("line") if line.get("class") == "best"]
    assert heights == sorted(heights, reverse=True)
    assert len(list(drawn.iter("circle"))) == 4


def test_the_curve_of_the_best_begins_with_the_first_value():
    drawn = ElementTree.fromstring(
        charts.optimization_history([row(0, None), row(1, 0.5), row(2, 0.6)], direction="maximize")
    )
    starts = [float(line.get("x1").rstrip("%")) for line in drawn.iter("line") if line.get("class") == "best"]
    assert min(starts) == pytest.approx(charts.LEFT + charts.WIDTH / 2, abs=0.01)


def test_an_interruption_is_said_once(tmp_path):
    text, _ = read(tmp_path, [row(0, None, state="interrupted", error="interrupted")])
    assert text.count(">interrupted<") == 1
