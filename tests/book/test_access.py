"""Every page is for everyone: axe finds nothing serious, in light and in dark, and the keyboard reaches all."""

import pytest

from tests.book.conftest import keep_screen

axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")

# Contrast depends on color, background, size and weight: one element of each kind is enough, and much faster.
PICK_LOOKS = """() => {
    const seen = new Set();
    for (const element of document.body.querySelectorAll('*')) {
        const speaks = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (!speaks || !element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        let below = element, background;
        do { background = getComputedStyle(below).backgroundColor; below = below.parentElement }
        while (below && background === 'rgba(0, 0, 0, 0)');
        const look = [style.color, background, style.fontSize, style.fontWeight].join();
        if (!seen.has(look)) { seen.add(look); element.dataset.look = '' }
    }
    const plain = pre => !pre.querySelector('[data-look]');
    [...document.querySelectorAll('pre')].filter(plain).forEach(pre => { pre.textContent = pre.textContent });
    return seen.size;
}"""
# Typeset formulas and colored code are thousands of elements that hold nothing for the rules.
NO_FORMULAS = "document.querySelectorAll('mjx-container').forEach(formula => formula.remove())"
PLAIN_CODE = "document.querySelectorAll('pre').forEach(pre => { pre.textContent = pre.textContent })"
# Boxes of code are given to the keyboard when they come near the screen.
READ_ON = """async () => {
    for (let y = 0; y < document.body.scrollHeight; y += 600) {
        scrollTo(0, y);
        await new Promise(done => setTimeout(done, 30));
    }
}"""
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
ALL_BUT_CONTRAST = {"rules": {"color-contrast": {"enabled": False}}, "resultTypes": ["violations"]}


def serious(page, **arguments):
    """Return what axe calls serious or critical, with the first place of each."""
    violations = axe_playwright.Axe().run(page, **arguments).response["violations"]
    return [
        f"{found['id']} ({len(found['nodes'])}): {found['nodes'][0]['html'][:200]}"
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, page_name, scheme):
    page, _ = visit(page_name, 1280, scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    if scheme == "dark":
        keep_screen(page, page_name, 1280, "dark")
    page.evaluate(NO_FORMULAS)
    assert page.evaluate(PICK_LOOKS) > 3
    assert serious(page, context={"include": [["[data-look]"]]}, options=CONTRAST) == []
    if scheme == "light":
        page.evaluate(PLAIN_CODE)
        assert serious(page, options=ALL_BUT_CONTRAST) == []


def test_axe_finds_nothing_serious_on_a_phone(visit):
    page, _ = visit("chapters/concepts.html", 360)
    page.evaluate(READ_ON)
    page.evaluate(NO_FORMULAS)
    page.evaluate(PLAIN_CODE)
    assert serious(page, options=ALL_BUT_CONTRAST) == []


def test_the_first_tab_offers_to_skip_to_the_content(visit):
    page, _ = visit("chapters/concepts.html", 1280)
    page.keyboard.press("Tab")
    assert "Skip" in page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main-content"


def test_the_keyboard_reaches_links_buttons_and_search(visit):
    page, _ = visit("intro.html", 1280)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("(document.activeElement.innerText || document.activeElement.ariaLabel || '').trim()")
        )
    assert {"Start with Tensors", "Open the Clinic"} <= reached
    assert any("Search" in name for name in reached)
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.type") == "search"


def test_folded_solutions_open_with_the_keyboard(visit):
    page, _ = visit("chapters/concepts.html", 1280)
    folded = page.locator("details.hide").last
    folded.locator("summary").focus()
    assert not folded.evaluate("fold => fold.open")
    page.keyboard.press("Enter")
    assert folded.evaluate("fold => fold.open")
    assert folded.locator("pre").first.is_visible()
