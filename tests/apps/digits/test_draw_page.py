"""The page in a real browser: drawn with mouse, finger and keyboard, read by eye and by screen reader."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from wire import eventually, png

from apps.digits.disturbances import photograph, shadow, two_digits
from apps.digits.strokes import STROKES, picture
from book.browser import PROGRAM, launched

WAIT = 30_000  # milliseconds: the longest that a busy machine may take
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium was found")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = launched(driver)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, service):
    """Open a page; afterwards nothing may have gone wrong, and no other host may have been asked."""
    contexts, troubles = [], []

    def open_page(path="/", width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((service.url, "data:")) else troubles.append(asked.url),
        )
        page.goto(f"{service.url}{path}")
        if path == "/":
            page.wait_for_selector("#bars tr")  # the service has named its model
        return page

    open_page.troubles = troubles
    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def on_paper(page, point):
    box = page.locator("#paper").bounding_box()
    return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]


def draw(page, digit):
    for stroke in STROKES[digit]:
        first, *others = (on_paper(page, point) for point in stroke)
        page.mouse.move(*first)
        page.mouse.down()
        for place in others:
            page.mouse.move(*place, steps=3)
        page.mouse.up()


def expect_answer(page, digit):
    page.wait_for_selector(f"#result[data-class='{digit}']")
    page.wait_for_selector(f"#bars tr#class-{digit}.best")


def says(page, where, text):
    page.locator(where, has_text=text).wait_for(state="attached")


def test_reads_what_the_mouse_draws(visit):
    page = visit()
    for digit in "2458":
        page.click("#clear")
        page.wait_for_selector("#result[data-class='']")
        draw(page, digit)
        expect_answer(page, digit)
    shares = page.eval_on_selector_all("#bars td:last-child", "all => all.map(cell => parseFloat(cell.innerText))")
    assert len(shares) == 10
    assert sum(shares) == pytest.approx(100, abs=0.6)


def test_answers_before_the_pen_is_lifted(visit):
    page = visit()
    page.mouse.move(*on_paper(page, (0.5, 0.1)))
    page.mouse.down()
    page.mouse.move(*on_paper(page, (0.5, 0.9)), steps=5)
    expect_answer(page, "1")
    page.mouse.up()


def test_reads_what_a_finger_draws_and_does_not_scroll(visit):
    page = visit(width=360, has_touch=True, is_mobile=True)
    fingers = page.context.new_cdp_session(page)
    for stroke in STROKES["3"]:
        for index, point in enumerate(stroke):
            x, y = on_paper(page, point)
            kind = "touchMove" if index else "touchStart"
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect_answer(page, "3")
    assert page.evaluate("scrollY") == 0


def press(page, *keys):
    for key in keys:
        name, _, times = key.partition("*")
        for _ in range(int(times or 1)):
            page.keyboard.press(name)


def test_reads_what_the_keyboard_draws(visit):
    """From the pen's first place: a seven with its bar, and nothing but keys."""
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "paper"
    press(page, "ArrowLeft*4", "ArrowUp*2", "Space", "ArrowRight*8")
    for _ in range(10):
        press(page, "ArrowDown", "Shift+ArrowLeft*2")
    press(page, "Space", "ArrowUp*5", "ArrowLeft*2", "Space", "ArrowRight*6", "Space")
    expect_answer(page, "7")
    says(page, "#pen", "pen up")
    says(page, "#spoken", "reads 7")
    press(page, "Backspace", "Delete")
    page.wait_for_selector("#result[data-class='']")
    says(page, "#spoken", "Nothing yet")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "undo"  # the paper holds nobody captive


def test_takes_strokes_back(visit):
    page = visit()
    draw(page, "1")
    expect_answer(page, "1")
    page.mouse.move(*on_paper(page, (0.2, 0.9)))
    page.mouse.down()
    page.mouse.move(*on_paper(page, (0.8, 0.15)), steps=3)
    page.mouse.up()
    page.click("#undo")
    expect_answer(page, "1")
    page.click("#undo")
    page.wait_for_selector("#result[data-class='']")


def test_takes_a_picture(visit):
    page = visit()
    page.set_input_files("#file", {"name": "five.png", "mimeType": "image/png", "buffer": png(picture("5"))})
    expect_answer(page, "5")
    page.set_input_files("#file", {"name": "five.png", "mimeType": "image/png", "buffer": b"nothing"})
    says(page, "#trouble", "Expected a picture")
    visit.troubles.clear()  # the browser's console notes the 415


def photographed(digit, *, width=2800, height=2100):
    """A phone's picture, grainy and larger than the service takes, held upright: its EXIF says so."""
    draw = np.random.default_rng(0)
    small = photograph(digit, shadow, draw).resize((height, height))
    large = Image.new("L", (height, width), 200)
    large.paste(small, (0, (width - height) // 2))
    grainy = np.asarray(large, dtype=np.int16) + draw.integers(-20, 20, (width, height), dtype=np.int16)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    file = BytesIO()
    turned = Image.fromarray(np.clip(grainy, 0, 255).astype(np.uint8)).rotate(90, expand=True)
    turned.save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


def test_takes_a_phones_photograph(visit):
    """It is scaled down before it is sent: as it is, the service would refuse it."""
    page = visit()
    sent = []
    page.on("request", lambda asked: sent.append(len(asked.post_data_buffer or b"")))
    content = photographed("7")
    assert len(content) > 2**20
    page.set_input_files("#file", {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": content})
    expect_answer(page, "7")
    assert max(sent) < 2**20


def test_says_in_its_own_words_what_is_too_large(visit):
    page = visit()
    page.set_input_files("#file", {"name": "a.heic", "mimeType": "image/heic", "buffer": bytes(2 * 2**20)})
    says(page, "#trouble", "cannot open this file")
    says(page, "#trouble", "1 MB and 4 million pixels")


def test_says_when_an_answer_is_to_be_doubted(visit):
    page = visit()
    content = png(photograph("3", two_digits, np.random.default_rng(0)))
    page.set_input_files("#file", {"name": "33.png", "mimeType": "image/png", "buffer": content})
    says(page, "#doubts", "unlike the digits")
    says(page, "#spoken", "unlike the digits")
    page.set_input_files("#file", {"name": "five.png", "mimeType": "image/png", "buffer": png(picture("5"))})
    expect_answer(page, "5")
    assert page.inner_text("#doubts") == ""


def test_tries_again_when_the_service_is_busy(visit):
    page = visit()
    asked = []

    def busy_once(route):
        asked.append(route)
        if len(asked) == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"error": "busy", "detail": "Too many."})
        else:
            route.continue_()

    page.route("**/predict", busy_once)
    draw(page, "4")
    expect_answer(page, "4")
    visit.troubles.clear()


def test_says_when_the_service_is_gone(visit):
    page = visit()
    page.route("**/predict", lambda route: route.abort())
    draw(page, "4")
    says(page, "#trouble", "does not answer")
    page.unroute("**/predict")
    page.click("#clear")
    draw(page, "4")
    expect_answer(page, "4")
    assert page.inner_text("#trouble") == ""
    visit.troubles.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/docs"])
def test_has_contrast_and_fits_a_phone(visit, path, scheme):
    page = visit(path, width=360, color_scheme=scheme)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
    weakest = page.evaluate(CONTRAST)
    assert weakest[0] >= 7, weakest
    sizes = page.eval_on_selector_all(
        "button, .button, #paper", "all => all.map(e => e.getBoundingClientRect().height)"
    )
    assert all(size >= 44 for size in sizes)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_reads_what_is_drawn_in_either_scheme(visit, scheme):
    page = visit(color_scheme=scheme)
    draw(page, "2")
    expect_answer(page, "2")
    page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
    other = "light" if scheme == "dark" else "dark"
    assert eventually(lambda: page.locator("#paper").evaluate(CORNER) == other)


def test_everything_has_a_name(visit):
    page = visit()
    page.get_by_role("application", name="Paper to draw on").wait_for()
    for name in ("Undo stroke", "Clear"):
        page.get_by_role("button", name=name).wait_for()
    page.get_by_label("Send a picture").wait_for(state="attached")
    page.get_by_role("table", name="Probability of each digit").wait_for()
    page.get_by_role("img", name="as the model sees it").wait_for()
    assert page.locator("[role=status]").count() == 2
    assert page.locator("[role=alert]").count() == 1
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == "en"


# Read from a copy: Chromium warns in the console if the page's own canvas is read several times.
CORNER = """paper => {
  const context = new OffscreenCanvas(paper.width, paper.height).getContext('2d', { willReadFrequently: true });
  context.drawImage(paper, 0, 0);
  return context.getImageData(5, 5, 1, 1).data[0] > 128 ? 'light' : 'dark';
}"""

# WCAG 2.2's contrast ratio of each text with the nearest painted background; returns the weakest, and where it is.
CONTRAST = """() => {
  const numbers = color => color.match(/[\\d.]+/g).map(Number);
  const light = color => numbers(color).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const painted = element => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if (numbers(color)[3] !== 0) return color;
    }
    return getComputedStyle(document.documentElement).backgroundColor;
  };
  const ratios = [...document.body.querySelectorAll('*')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && e.offsetParent)
    .map(e => {
      const [a, b] = [light(getComputedStyle(e).color), light(painted(e))];
      return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.textContent.trim().slice(0, 40)];
    });
  return ratios.sort((a, b) => a[0] - b[0])[0];
}"""
