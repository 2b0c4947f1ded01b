"""The report in a real, headless Chromium, opened from disk: console, toggles, hints, phone, print, dark."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium and chromedriver: apt-get install chromium chromium-driver"
)

CONTRAST = """
const luminance = (colour) => {
  const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((c) => {
    c /= 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const colour = getComputedStyle(e).backgroundColor;
    if (!/rgba\\(.*, 0\\)|transparent/.test(colour)) return colour;
  }
  return "rgb(255, 255, 255)";
};
const poor = [];
const texts = "p, a, dt, dd, h1, h2, th, td, summary, figcaption, legend, label span, pre, code, caption";
for (const element of document.querySelectorAll(texts)) {
  if (!element.textContent.trim() || !element.checkVisibility()) continue;
  const [a, b] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) poor.push(`${element.tagName} ${ratio.toFixed(2)}: ${element.textContent.slice(0, 40)}`);
}
return poor;
"""
"""Texts whose contrast with what lies behind them is below 4.5 : 1."""


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(120)
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, digits_run, digits_report):
    """The browser with a fresh page of the report in a desktop's window."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    resize(browser, 1280)
    browser.get((digits_run / "report.html").resolve().as_uri())
    return browser


def resize(browser, width, *, mobile=False):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": mobile}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def shown(browser, group):
    """Options of a group of which something is seen."""
    return browser.execute_script(
        "return [...new Set([...document.querySelectorAll(`[data-group='${arguments[0]}']`)]"
        ".filter((e) => e.checkVisibility()).map((e) => e.dataset.option))]",
        group,
    )


def button(browser, option):
    return to_the_middle(browser, browser.find_element("css selector", f"fieldset.choice input[value='{option}']"))


def to_the_middle(browser, element):
    """Scroll there and wait until it is done: scrolling hides hints, and the bar at the top covers what is below."""
    browser.execute_async_script(
        "const done = arguments[1]; arguments[0].scrollIntoView({block: 'center', behavior: 'instant'});"
        "requestAnimationFrame(() => requestAnimationFrame(() => done()))",
        element,
    )
    return element


def test_nothing_on_the_console(page):
    assert page.get_log("browser") == []


def test_nothing_is_fetched(page):
    assert page.execute_script("return performance.getEntriesByType('resource').map((e) => e.name)") == []


@pytest.mark.parametrize("kind", ["mnist_page", "netx_page"])
def test_every_kind_of_net_is_a_small_page_that_works(page, request, kind):
    path = request.getfixturevalue(kind)
    assert path.stat().st_size < 3_000_000
    page.get(path.resolve().as_uri())
    for group, first, second in (
        ("price-list", "loihi1-davies2018", "cmos45-int8"),
        ("chip", "Loihi 1", "Loihi 2"),
    ):
        assert shown(page, group) == [first]
        button(page, second).click()
        assert shown(page, group) == [second]
    resize(page, 375, mobile=True)
    assert page.execute_script("return document.documentElement.scrollWidth") <= 375
    assert page.execute_script(CONTRAST) == []
    assert page.execute_script("return performance.getEntriesByType('resource').map((e) => e.name)") == []
    assert page.get_log("browser") == []


def test_without_scripts_a_caption_stays_where_its_table_is_scrolled(page, digits_run):
    """With them no table is wider than its place."""
    resize(page, 375, mobile=True)
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.get((digits_run / "report.html").resolve().as_uri())
        captions = page.execute_script(
            "return [...document.querySelectorAll('.scroll')].filter((e) => e.checkVisibility()).map((scroll) => {"
            "scroll.scrollLeft = 9999; const box = scroll.querySelector('caption span').getBoundingClientRect();"
            "return [scroll.scrollLeft, box.left, box.right, scroll.querySelector('caption').className]})"
        )
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    seen = [caption for caption in captions if caption[3] != "unseen"]
    assert any(scrolled > 0 for scrolled, *_ in seen)
    assert all(left >= 0 and right <= 375 for _, left, right, _ in seen)


def test_the_price_list_is_chosen_by_mouse(page):
    assert shown(page, "price-list") == ["loihi1-davies2018"]
    button(page, "anp-i").click()
    assert shown(page, "price-list") == ["anp-i"]
    tiles = page.find_element("css selector", ".tiles").text
    assert "at anp-i" in tiles
    assert "at loihi1-davies2018" not in tiles
    assert page.get_log("browser") == []


def test_the_chip_is_chosen_by_keyboard(page):
    from selenium.webdriver.common.keys import Keys

    assert shown(page, "chip") == ["Loihi 1"]
    button(page, "Loihi 1").send_keys(Keys.ARROW_RIGHT)
    assert shown(page, "chip") == ["Loihi 2"]
    assert page.switch_to.active_element.get_attribute("value") == "Loihi 2"
    assert shown(page, "price-list") == ["loihi1-davies2018"]  # the other group stays as it was


def test_tab_reaches_the_choices_and_the_focus_is_seen(page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    seen = []
    for _ in range(60):
        ActionChains(page).send_keys(Keys.TAB).perform()
        active = page.switch_to.active_element
        seen.append(active.get_attribute("name"))
        if seen[-1] == "price-list":
            break
    assert seen[-1] == "price-list"
    outline = page.execute_script("return getComputedStyle(document.activeElement.nextElementSibling).outlineStyle")
    assert outline == "solid"


def test_folded_tables_open_by_keyboard(page):
    from selenium.webdriver.common.keys import Keys

    summary = page.find_element("css selector", "#learning summary")
    table = page.find_element("css selector", "#learning details table")
    assert not table.is_displayed()
    summary.send_keys(Keys.ENTER)
    assert table.is_displayed()


def test_hints_follow_the_pointer_and_escape_hides_them(page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    cell = page.find_element("css selector", "#decisions [data-hint*='of class 0 decided rightly']")
    to_the_middle(page, cell)
    hint = page.find_element("id", "hint")

    def pointed(_):
        # A browser that is short of time may still be busy with the scrolling, which hides hints: point again.
        ActionChains(page).move_to_element(cell).move_by_offset(1, 1).perform()
        return hint.is_displayed()

    WebDriverWait(page, 30).until(pointed)
    assert re.fullmatch(r"\d+ of \d+ samples of class 0 decided rightly", hint.text)
    ActionChains(page).send_keys(Keys.ESCAPE).perform()
    assert not hint.is_displayed()


@pytest.mark.parametrize("width", [320, 375, 768])
def test_a_phone_scrolls_down_only(page, width):
    resize(page, width, mobile=True)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    # Text of the plots stays readable: their unit is at least 0.8 of a CSS pixel.
    scales = page.execute_script(
        "return [...document.querySelectorAll('figure svg')].filter((s) => s.checkVisibility())"
        ".map((s) => s.getBoundingClientRect().width / s.viewBox.baseVal.width)"
    )
    assert min(scales) > 0.8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(page, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    dark = page.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(15, 18, 24)"
    assert dark == (scheme == "dark")
    assert page.execute_script(CONTRAST) == []


def test_print_shows_every_price_list_and_no_buttons(page):
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert shown(page, "price-list") == ["loihi1-davies2018", "anp-i"]
    assert shown(page, "chip") == ["Loihi 1", "Loihi 2"]
    assert not button(page, "anp-i").is_displayed()
    headings = page.find_elements("css selector", "h3.option")
    assert [h.text for h in headings if h.is_displayed()] == ["loihi1-davies2018", "anp-i", "Loihi 1", "Loihi 2"]
    pdf = base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    assert pdf.startswith(b"%PDF")


def test_without_scripts_every_choice_is_seen(page, digits_run):
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.get((digits_run / "report.html").resolve().as_uri())
        variants = page.find_elements("css selector", "main .variant")
        assert all(variant.is_displayed() for variant in variants)
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


MEASURED = """
document.querySelectorAll("details").forEach((e) => { e.open = true; });
const done = arguments[0];
const seen = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility());
const words = (e) => e.textContent.trim().slice(0, 60);
const lines = (e) => {
  const range = document.createRange();
  range.selectNodeContents(e);
  return new Set([...range.getClientRects()].filter((r) => r.width > 1).map((r) => Math.round(r.top))).size;
};
const measure = () => {
  const texts = seen("figure svg text");
  done({
    wide: seen(".scroll").filter((e) => e.scrollWidth > e.clientWidth).map(words),
    cut: seen(".scroll td, .scroll th, .tile dd").filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width > 1 && (box.right > innerWidth || e.scrollWidth > e.clientWidth + 1);
    }).map(words),
    broken: seen("td.number, td.short").filter((e) => lines(e) > 1).map(words),
    small: Math.min(...texts.map((e) => parseFloat(getComputedStyle(e).fontSize) * e.ownerSVGElement.getScreenCTM().a)),
    outside: texts.filter((e) => {
      const box = e.getBoundingClientRect(), frame = e.closest("svg").getBoundingClientRect();
      return box.left < frame.left - 14 || box.right > frame.right + 14;
    }).map(words),
    stacked: seen(".stacked").length,
    labels: seen(".stacked td").filter((e) => !e.dataset.label || e.getAttribute("role") !== "cell").length,
  });
};
requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(measure, 100)));
"""
"""What is wider than its place, cut off, broken, too small or beyond its figure, with every folded table open."""


@pytest.fixture(scope="module")
def comparison(digits_run, tmp_path_factory):
    """The page of three groups of runs, with long names."""
    from lava_ed import comparison
    from lava_ed.energy import load_price_list
    from lava_ed.report import write_comparison
    from lava_ed.train import TrainConfig, train

    folder = tmp_path_factory.mktemp("comparison")
    for name, settings in (("a", {"hidden": (8, 4)}), ("b", {"hidden": (8, 4), "seed": 1}), ("c", {"hidden": (8,)})):
        train(TrainConfig.create("mpd-ed", "digits", epochs=2, limit=800, **settings), folder / name)
    runs = [comparison.read_run(path) for path in (digits_run, *(folder / name for name in "abc"))]
    prices = [load_price_list("loihi1-davies2018")]
    write_comparison(runs, comparison.compare(runs, prices), prices, folder)
    return folder / "compare.html"


@pytest.mark.parametrize("width", [320, 360, 768, 1046, 1280, 1920])
@pytest.mark.parametrize("kind", ["report", "comparison"])
def test_everything_fits_its_place(page, request, kind, width):
    if kind == "comparison":
        page.get(request.getfixturevalue("comparison").resolve().as_uri())
    resize(page, width, mobile=width < 768)
    found = page.execute_async_script(MEASURED)
    assert {key: found[key] for key in ("wide", "cut", "broken", "outside", "labels")} == {
        "wide": [], "cut": [], "broken": [], "outside": [], "labels": 0,
    }  # fmt: skip
    assert found["small"] >= 11
    if width < 768:
        assert found["stacked"] > 0
    if width >= 1280:
        assert found["stacked"] == 0


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext: apt-get install poppler-utils")
@pytest.mark.parametrize("kind", ["report", "comparison"])
def test_in_print_no_heading_ends_a_page_and_no_number_breaks(page, request, tmp_path, kind):
    if kind == "comparison":
        page.get(request.getfixturevalue("comparison").resolve().as_uri())
    headings = page.execute_script(
        "return [...document.querySelectorAll('h2, h3, figcaption, caption')].map((e) => e.textContent.trim())"
    )
    options = {"printBackground": True, "paperWidth": 8.27, "paperHeight": 11.69}
    pdf = tmp_path / "page.pdf"
    pdf.write_bytes(base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", options)["data"]))
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    pages = [[" ".join(line.split()) for line in one.splitlines() if line.strip()] for one in text.split("\f")]
    pages = [lines for lines in pages if lines]
    assert len(pages) > 2
    for lines in pages:
        assert lines[-1] not in headings
    resize(page, 688)  # what margins leave of A4
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert page.execute_async_script(MEASURED)["broken"] == []
