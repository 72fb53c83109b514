"""The rendered pages in a real browser: nothing fails, nothing is fetched from elsewhere, nothing sticks out."""

import pytest

from tests.book.conftest import HTML, keep_screen

LONGEST_LINE = 88  # characters that fit beside the side bars of a laptop's screen
SEARCHES = [("softmax", "Softmax regression"), ("准确率", "Glossary"), ("S3", "Clinic")]
HURRY = "document.querySelectorAll('main img').forEach(i => { i.loading = 'eager' })"
ARRIVED = "[...document.querySelectorAll('main img')].every(i => i.complete && i.currentSrc)"
PICTURES = """() => {
    const all = [...document.querySelectorAll('main img')];
    return all.filter(i => !i.closest('.only-dark')).map(i => ({
        src: i.currentSrc, alt: i.alt, loaded: i.naturalWidth > 0, inCell: !!i.closest('.cell_output'),
        stretch: i.clientHeight && getComputedStyle(i).objectFit === 'fill'
            ? (i.clientWidth / i.clientHeight) / (i.naturalWidth / i.naturalHeight) : 1}));
}"""
STICKING_OUT = """most => {
    document.querySelectorAll('details').forEach(fold => { fold.open = true });
    const longest = pre => Math.max(...pre.textContent.split('\\n').map(line => line.length));
    const out = pre => pre.scrollWidth > pre.clientWidth + 1 && longest(pre) <= most;
    return [...document.querySelectorAll('main .cell_input pre')].filter(out).map(pre => pre.textContent);
}"""


def pictures_of(page):
    """Return what there is to say about each picture of a page, after all have arrived."""
    page.evaluate(HURRY)
    page.wait_for_function(ARRIVED)
    return page.evaluate(PICTURES)


def test_the_front_door_leads_to_the_first_page(browser, site):
    page = browser.new_page()
    page.goto(f"{site}/index.html")
    page.wait_for_url("**/intro.html")


def test_every_page_loads_cleanly_and_asks_no_other_host(visit, page_name):
    page, troubles = visit(page_name, 1280)
    pictures = pictures_of(page)
    assert [picture["src"] for picture in pictures if not picture["loaded"]] == []
    assert [picture["src"] for picture in pictures if len(picture["alt"].split()) < 3] == []
    assert [picture["src"] for picture in pictures if not 0.97 < picture["stretch"] < 1.03] == []
    assert page.locator("mjx-merror").count() == 0
    assert page.evaluate(STICKING_OUT, LONGEST_LINE) == []
    keep_screen(page, page_name, 1280, "light")
    assert not troubles, "; ".join(troubles)


def test_every_chapter_has_its_opening_figures_formulas_and_claims(visit, chapter_name):
    page, _ = visit(chapter_name, 360)
    pictures = pictures_of(page)
    assert [picture["src"] for picture in pictures if not 0.97 < picture["stretch"] < 1.03] == []
    assert page.locator("main figcaption").count() == len(pictures) > 0
    assert page.locator("main figure .expect").count() == 0
    assert page.locator("main mjx-container").count() > 0
    assert page.locator(".expect-passed").count() > 0
    assert page.locator(".expect-missed").count() == 0
    assert page.locator(".course-facts + figure img").count() == 1
    assert page.locator(".course-buttons a").count() >= 2
    assert page.locator("a.term").count() > 0


def test_a_chapter_is_there_before_all_of_it_is_laid_out(visit, chapter_name):
    page, _ = visit(chapter_name, 360)
    laid_out = "section => section.firstElementChild.checkVisibility({contentVisibilityAuto: true})"
    sections = page.locator(".bd-article > section > section")
    assert not sections.last.evaluate(laid_out)
    assert page.locator("script[src*=mathjax]").count() == 0
    assert page.locator("pre[tabindex]").count() < page.locator("pre").count() / 2
    sections.last.locator("h2").scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    assert sections.last.evaluate(laid_out)


def test_a_link_into_the_middle_of_a_chapter_leads_there(visit, chapter_name):
    page, _ = visit(f"{chapter_name}#clinic", 360)
    page.wait_for_timeout(300)
    assert 0 <= page.locator("section#clinic > h2").bounding_box()["y"] < 400


def test_no_page_scrolls_sideways_on_a_phone(visit, page_name):
    page, _ = visit(page_name, 360)
    keep_screen(page, page_name, 360, "light")
    page.add_style_tag(content="* { content-visibility: visible !important }")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360


def test_the_pages_work_from_the_file_system(visit):
    for name in ("intro.html", "chapters/concepts.html"):
        page, troubles = visit(name, 1280, address=HTML.as_uri())
        assert page.locator("article h1").count() == 1
        assert not troubles, "; ".join(troubles)
    assert page.locator("mjx-container").count() > 0
    assert page.evaluate("document.fonts.check('16px Iosevka')")


@pytest.mark.parametrize(("term", "found"), SEARCHES)
def test_search_finds(visit, term, found):
    page, troubles = visit(f"search.html?q={term}", 1280)
    page.locator("#search-results li a", has_text=found).first.wait_for(timeout=10_000)
    page.wait_for_load_state("networkidle")
    assert not troubles, "; ".join(troubles)


def test_search_finds_from_the_file_system_too(visit):
    page, _ = visit("search.html?q=softmax", 1280, address=HTML.as_uri())  # where it cannot read pages for excerpts
    page.locator("#search-results li a", has_text="Softmax regression").first.wait_for(timeout=10_000)


def test_the_switch_changes_between_light_and_dark(visit):
    page, _ = visit("intro.html", 1280)
    seen = set()
    for _ in range(3):
        seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.locator("button.theme-switch-button:visible").click()
    assert len(seen) == 2
