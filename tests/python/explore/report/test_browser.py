"""The page in a browser: hover, selection, filters, order; and without a script."""

import shutil

import pytest

pytest.importorskip("vl_convert", reason="needs the extra [report]")
pytest.importorskip("playwright.sync_api", reason="needs playwright: make setup")

from playwright.sync_api import sync_playwright

from tests.every import long
from tests.python.explore.report import synthetic
from tools.bootstrap import BROWSERS
from vit2rtl.explore.report.page import html

BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is there")

EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)> \"q\" '"
LINKED = ("sqnr-cycles", "sqnr-logic", "top1-cycles", "cycles-logic")
LINES = "#settings tbody tr:not([hidden])"
FADED = 0.08


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """``show(results, width, script) -> the page``, whose plots are drawn; it has said nothing."""
    messages, contexts = [], []

    def show(results, width=1200, script=True):
        path = tmp_path_factory.mktemp("page") / "report.html"
        path.write_text(html(results), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900},
                                      java_script_enabled=script)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("dialog", lambda dialog: messages.append(dialog.message))
        page.on("request", lambda request: request.url.startswith(("file:", "data:"))
                or messages.append(request.url))
        page.goto(path.as_uri())
        if script:
            page.wait_for_function(
                "[...document.querySelectorAll('figure > div')]"
                ".every((plot) => plot.querySelector('svg, canvas'))")
        return page

    yield show
    for context in contexts:
        context.close()
    assert messages == []


@pytest.fixture(scope="module")
def few(show):
    """Three settings, apart in every plot: the first is EVIL, of a method of its own."""
    rows = [synthetic.row(EVIL, "closed-form", 8, 8, "8x8", "xcup", mac="native"),
            synthetic.row("middle", "repq", 6, 4, "16x16", "xcup"),
            synthetic.row("small", "repq", 3, 2, "8x8", "xcup")]
    for row in rows:
        row["front"] = row["name"] != "middle"
    return show({"rows": rows})


@pytest.fixture(scope="module")
def many(show):
    """Some 80 settings of two methods, and failures."""
    return show(synthetic.results(methods=("repq", "fq-vit"), widths=(4, 8)))


def marks(page, plot):
    """The elements of settings in a linked plot, as its rows come."""
    layer = 3 if plot == "top1-cycles" else 2
    return page.locator(f"#{plot} g.mark-symbol.layer_{layer}_marks path")


def rings(page):
    """How many settings are ringed in each linked plot."""
    return [page.locator(f"#{plot} g.mark-symbol.layer_1_marks path").count() for plot in LINKED]


def by_sqnr(page, plot):
    """The marks of a plot of SQNR, the least first."""
    return sorted(marks(page, plot).all(), key=lambda mark: -mark.bounding_box()["y"])


def eventually(page, observe, wanted):
    """Plots follow the pointer and the controls a little later."""
    for _ in range(100):
        if observe() == wanted:
            return
        page.wait_for_timeout(20)
    assert observe() == wanted


def opacities(page, plot):
    return sorted(float(mark.get_attribute("opacity") or 1) for mark in marks(page, plot).all())


def column(page, key):
    """The cells of a column in the shown lines, from top to bottom."""
    return page.evaluate(
        """([key, lines]) => {
          const heads = [...document.querySelectorAll("#settings thead th")];
          const n = heads.findIndex((head) => head.dataset.key === key);
          return [...document.querySelectorAll(lines)].map((line) =>
            line.cells[n].textContent.trim());
        }""", [key, LINES])


def test_hover_shows_what_is_known_and_rings_the_setting_in_every_plot(few):
    tooltip = few.locator("#tooltip")
    for n, name in enumerate(("small", "middle", EVIL)):
        assert tooltip.is_hidden()
        by_sqnr(few, "sqnr-logic")[n].hover()
        tooltip.wait_for(state="visible")
        facts = dict(zip(tooltip.locator("span").all_inner_texts(),
                         tooltip.locator("div").all_inner_texts(), strict=True))
        assert facts["setting"].endswith(name) and facts["array"].startswith("array ")
        assert facts["SQNR, dB"].removeprefix("SQNR, dB ") == column(few, "sqnr_db")[2 - n]
        eventually(few, lambda: rings(few), [1, 1, 1, 1])
        few.mouse.move(2, 2)
        tooltip.wait_for(state="hidden")
        eventually(few, lambda: rings(few), [0, 0, 0, 0])


def test_a_click_picks_and_the_rest_fades_in_every_plot(few):
    def faded():
        return [sum(opacity == FADED for opacity in opacities(few, plot)) for plot in LINKED]

    assert faded() == [0, 0, 0, 0]
    by_sqnr(few, "sqnr-cycles")[0].click()
    eventually(few, faded, [2, 2, 2, 2])
    assert few.locator("#settings tr.picked th").all_inner_texts() == ["small"]
    assert few.locator("#picks span").inner_text() == "small"
    few.locator(LINES).nth(0).click(modifiers=["Shift"])
    eventually(few, faded, [1, 1, 1, 1])
    assert few.locator("#settings tr.picked th").all_inner_texts() == [EVIL, "small"]
    few.keyboard.press("Escape")
    eventually(few, faded, [0, 0, 0, 0])
    assert few.locator("#picks").is_hidden()


def test_methods_differ_by_shape_and_the_front_is_filled(few):
    drawn = [(mark.get_attribute("d"), float(mark.get_attribute("fill-opacity")))
             for mark in marks(few, "sqnr-cycles").all()]
    assert len({shape for shape, _ in drawn}) == 2
    assert sorted(opacity for _, opacity in drawn) == [0.06, 0.9, 0.9]


def test_filters_choose_lines_and_marks(many):
    def shown():
        lines = many.locator(LINES).count()
        eventually(many, lambda: [marks(many, plot).count() for plot in LINKED], [lines] * 4)
        return lines

    whole = shown()
    assert set(column(many, "device")) == {"LFE5U-25F"}  # the first one, at the start
    assert many.locator("#shown").inner_text() == f"{whole} of {2 * whole} settings"
    many.locator("select[name=device]").select_option("")
    assert shown() == 2 * whole
    many.locator("input[value=repq]").uncheck()
    assert 0 < shown() < 2 * whole
    assert set(column(many, "method")) == {"fq-vit"}
    many.locator("input[value=repq]").check()
    many.locator("input[name=front]").check()
    assert 0 < shown() < 2 * whole
    assert set(column(many, "front")) == {"●"}
    many.locator("input[name=front]").uncheck()
    many.locator("input[name=text]").fill("W4A4 16x16 native")
    assert shown() == 4
    many.locator("input[name=text]").fill("nothing has this")
    assert shown() == 0
    many.locator("input[name=text]").fill("")
    assert shown() == 2 * whole


def test_heads_sort_lines_and_say_so(many):
    head = many.locator("th[data-key=cycles]")
    for order in ("ascending", "descending"):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == order
        cycles = [int(cell.replace(",", "")) for cell in column(many, "cycles")]
        assert cycles == sorted(cycles, reverse=order == "descending") and len(set(cycles)) > 4
    many.locator("th[data-key=predicted_db] button").click()
    assert many.locator("th[aria-sort]").all_inner_texts() == ["pred., dB"]
    cells = column(many, "predicted_db")
    known = [float(cell) for cell in cells if cell]
    assert known == sorted(known) and cells[:len(known)] == [f"{one:.2f}" for one in known]
    many.locator("th[data-key=array] button").click()
    arrays = column(many, "array")
    assert arrays == sorted(arrays, key=lambda array: int(array.partition("x")[0]))


def test_every_heat_map_and_bar_is_drawn(many):
    for plot, texts in (("widths-0", 4), ("widths-1", 4), ("bits", 72), ("sensitivity-0", 54)):
        assert many.locator(f"#{plot} g.mark-text.role-mark text").count() == texts
    assert many.locator("#predicted g.mark-symbol.role-mark path").count() == 8
    assert many.locator("#energy g.mark-rect path").count() > 10
    many.locator("#widths-0 g.mark-text.role-mark text").first.hover()
    many.wait_for_function("!document.getElementById('tooltip').hidden")
    lines = many.locator("#tooltip div").all_inner_texts()
    assert [line.split()[0] for line in lines] == ["weights", "activations", "top-1,", "SQNR,"]


def test_without_a_script_there_are_the_table_and_the_front(show):
    page = show(synthetic.results(methods=("repq",), widths=(4, 8), devices=("xcup",)),
                script=False)
    assert page.locator("noscript svg").is_visible()
    assert page.locator(LINES).count() == 24
    assert page.locator("#filters").is_hidden() and page.locator("#picks").is_hidden()


@pytest.mark.parametrize("results", [
    lambda: {"rows": [synthetic.row("one", "repq", 4, 4, "8x8", "xcup")]},
    lambda: {"rows": [{"name": "a", "sqnr_db": 9.0, "cycles": 100}, {"name": "b", "sqnr_db": 3}]},
    lambda: {"rows": [{"name": "a", "status": "failed", "error": "no"}]},
    pytest.param(lambda: synthetic.many(2000), marks=long),
], ids=["one row", "nulls", "failures", "2,000 rows"])
def test_a_telephone_shows_it_without_scrolling_sideways(results, show):
    page = show(results(), width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
