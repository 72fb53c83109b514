"""What the build takes out of the pages: elements that show nothing, scripts that hold readers up, TeX."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from book.browser import PROGRAM
from book.html import formulas, minify, section_heights

THEMES = """
html[data-theme="light"] .highlight { background: #fff; color: #080808 }
html[data-theme="light"] .highlight .n { color: #080808 } /* Name */
html[data-theme="light"] .highlight .k { color: #6730C5 } /* Keyword */
html[data-theme="light"] .highlight .gs { color: #080808; font-weight: bold } /* Strong */
html[data-theme="light"] .highlight .o { color: #080808 } /* Operator */
html[data-theme="dark"] .highlight { background: #000; color: #F8F8F2 }
html[data-theme="dark"] .highlight .n { color: #f8f8f2 } /* Name */
html[data-theme="dark"] .highlight .k { color: #F8F8F2 } /* Keyword */
html[data-theme="dark"] .highlight .gs { color: #F8F8F2; font-weight: bold } /* Strong */
html[data-theme="dark"] .highlight .o { color: #aabbcc } /* Operator */
"""
SCRIPTS = """<script src="../_static/documentation_options.js?v=1"></script>
<script src="../_static/doctools.js?v=2"></script>"""
FORMULAS = r"""<html><head><script>window.MathJax = {"options": {"enableMenu": false}}</script>
<script defer="defer" src="../_static/mathjax/tex-chtml.js"></script></head><body>
<p>Let <span class="math notranslate nohighlight">\(a &lt; b\)</span>.</p>
<div class="math notranslate nohighlight">
\[\frac12\]</div></body></html>"""


def package(name: str) -> Path:
    return Path(importlib.util.find_spec(name).origin).parent


def test_a_token_is_plain_if_it_looks_like_the_text_around_it_in_both_themes():
    assert minify.plain_tokens(THEMES) == {"n"}


def test_code_keeps_its_text_and_the_colors_that_show():
    code = '<pre><span></span><span class="k">def</span><span class="w"> </span><span class="n">f</span>&lt;</pre>'
    assert minify.without_plain_tokens(code, {"n", "w"}) == '<pre><span class="k">def</span> f&lt;</pre>'


def test_scripts_wait_but_for_the_one_that_inline_ones_speak_to():
    first, second = minify.with_late_scripts(SCRIPTS).splitlines()
    assert first == SCRIPTS.splitlines()[0]
    assert second == '<script defer src="../_static/doctools.js?v=2"></script>'


def test_the_themes_script_is_the_one_that_is_to_be_mended(tmp_path):
    (script,) = package("pydata_sphinx_theme").rglob("static/scripts/pydata-sphinx-theme.js")
    copy = tmp_path / "_static" / "scripts" / script.name
    copy.parent.mkdir(parents=True)
    shutil.copyfile(script, copy)
    assert minify.ask_near_boxes(tmp_path)
    assert "near.observe(e)" in copy.read_text(encoding="utf-8")


def test_without_a_browser_pages_keep_their_tex(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(formulas, "PROGRAM", None)
    (tmp_path / "page.html").write_text(FORMULAS)
    formulas.set_formulas(tmp_path)
    assert (tmp_path / "page.html").read_text() == FORMULAS
    assert "left to the readers' browsers" in capsys.readouterr().out


@pytest.mark.skipif(PROGRAM is None, reason="no Chromium was found")
def test_formulas_are_set(tmp_path):
    static, page = tmp_path / "_static", tmp_path / "chapters" / "page.html"
    shutil.copytree(package("sphinx-mathjax-offline") / "static" / "mathjax", static / "mathjax")
    (static / "theme.css").touch()
    page.parent.mkdir()
    page.write_text(FORMULAS)
    formulas.set_formulas(tmp_path)
    text, styles = page.read_text(), (static / formulas.STYLES).read_text()
    inline, displayed = text.split("<div")
    assert "<mo>&lt;</mo>" in inline  # for a screen reader
    assert 'display="true"' not in inline
    assert "<mfrac>" in displayed
    assert 'display="true"' in displayed
    assert "<script" not in text
    assert '<link rel="stylesheet" href="../_static/formulas.css">' in text
    assert "//" not in styles.replace("http://www.w3.org", "")
    assert all((static / path).exists() for path in formulas.re.findall(r'url\("([^"]+)"\)', styles))
    assert list(static.rglob("MathJax_Main-Regular.woff"))
    assert not list(static.rglob("*.js"))


def test_sections_name_their_heights():
    page = '<section id="a"><section id="b"></section></section>'
    text = section_heights.with_heights(page, phone={"a": 9}, wide={"a": 7})
    assert text == page.replace('id="a"', 'id="a" style="--phone: 9px; --wide: 7px"')
