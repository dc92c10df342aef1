import re
from html.parser import HTMLParser

import pytest

pytest.importorskip("vl_convert", reason="needs the extra [report]")

from tests.python.explore.report import synthetic
from vit2rtl.explore.report import page, table

EVIL = "<script>alert('x')</script> \"quoted\" & </noscript>"


class Tables(HTMLParser):
    """The tables of a page by their id: lists of rows of cells' texts; scripts and links, too."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.scripts, self.section = {}, 0, None
        self.links = []
        self.cell = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.scripts += tag == "script"
        self.links += [attributes[name] for name in ("src", "href") if name in attributes]
        if tag == "section":
            self.section = attributes.get("id")
        if tag == "table":
            self.rows = self.tables.setdefault(attributes.get("id") or self.section, [])
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.cell = True

    def handle_endtag(self, tag):
        if tag in ("table", "thead"):
            self.cell = False

    def handle_data(self, data):
        if self.cell:
            self.rows[-1][-1] += data.rstrip("\n")


@pytest.fixture(scope="module")
def results():
    """Six widths of two methods on two arrays, and what failed."""
    return synthetic.results(methods=("repq", "fq-vit"), widths=(4, 8))


@pytest.fixture(scope="module")
def html(results):
    return page.html(results)


def test_no_address_outside_the_page_is_named(html):
    addresses = set(re.findall(r"https?://[^\s\"'`<)]*", html))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink",
                         "http://www.w3.org/2000/xmlns/"}  # of XML
    assert "default-src 'none'" in html
    assert Tables(html).links == []


def test_the_table_has_every_row_that_is_done(html, results):
    head, *lines = Tables(html).tables["settings"]
    done = [row for row in results["rows"] if row["status"] == "done"]
    assert len(lines) == len(done)
    assert {len(line) for line in lines} == {len(head)}
    for line, row in zip(lines, done, strict=True):
        cells = dict(zip(head, line, strict=True))
        assert cells["setting"] == row["name"]
        assert cells["cycles"] == f"{row['cycles']:,}"
        assert cells["top-1, %"] == f"{row['top1']:.1f}"
        assert cells["95 %"] == f"{row['top1_low']:.1f}–{row['top1_high']:.1f}"
        assert cells["fits"] == ("yes" if row["fits"] else "no")
        assert cells["front"] == ("●" if row["front"] else "")
        predicted = row["predicted_db"]
        assert cells["pred., dB"] == ("" if predicted is None else f"{predicted:.2f}")


def test_what_all_rows_share_stands_above_the_table(html):
    assert ("<p class=note>The same for all: groups: 2; float top-1, %: 98.0; area by: table.</p>"
            in html)
    assert not {"groups", "area by"} & set(Tables(html).tables["settings"][0])


def test_failures_are_listed_with_their_error(html):
    assert Tables(html).tables["failures"] == [
        ["status", "settings", "reason", "which"],
        ["failed", "2", "ValueError: psaq needs two blocks at least",
         "w4a4 psaq, 8x8, LFE5U-25F; w4a4 psaq, 16x16, LFE5U-25F"],
        ["rejected", "1", "44,032 COMB of 24,288 for the array alone",
         "w8a8 repq, 32x32, LFE5U-25F"],
        ["lost", "1", "no reason given", "w6a6 repq"],
    ]
    assert table.failures({"rows": [{"name": "a"}]}) == ""


def test_many_failures_of_one_kind_are_folded():
    rows = [{"name": f"s{n}", "status": "failed", "error": "no"} for n in range(4)]
    assert ("<td>4<td>no<td><details><summary>s0 ...</summary>s0; s1; s2; s3</details>"
            in table.failures({"rows": rows}))


def test_provenance_names_the_models_and_their_errors(html):
    for name, fact in (("area model", "table of yosys runs; fits within 7.3 %"),
                       ("cycles model", "schedule of the compiler, within 1 % of the RTL"),
                       ("images", "500"), ("packages", "torch 2.13.0"),
                       ("space", "model mnist_vit, recipe weights 4 8")):
        assert f"<dt>{name}<dd>{fact}" in html
    assert "<dt>settings<dd>84, 80 of them done" in html


def test_the_front_is_there_without_a_script(html):
    static = html[html.index("<noscript>"):html.index("</noscript>")]
    assert static.count("<svg") == 1 and "cycles an image" in static
    assert "w8a8 repq" in html[html.index("<table id=settings"):]


def test_text_of_the_results_stays_text():
    row = synthetic.row(EVIL, EVIL, 4, 4, "8x8", EVIL, mixed=EVIL)
    results = {"space": {"model": EVIL}, "provenance": {"model": EVIL, EVIL: EVIL}, "rows": [
        row, {**row, "method": "other", "device": "xcup", "energy_parts": {EVIL: 1.0}},
        {**row, "status": "failed", "error": EVIL}], "bits": {EVIL: {EVIL: [4, 8]}},
        "sensitivity": [{"group": EVIL, "weights": 4, "activations": 4, "anchor": EVIL,
                         "sqnr_db": 3.0}]}
    html = page.html(results)
    assert Tables(html).scripts == 2
    assert "<script>alert" not in html
    assert Tables(html).tables["settings"][1][0] == EVIL


def test_two_thousand_rows_stay_below_the_limit():
    html = page.html(synthetic.many(2100))
    assert len(html.encode()) <= 1_500_000
    assert html.count("<tr><th scope=row>") == 2000
    assert "<h2>2,000 of 2,100 settings; all are in results.csv</h2>" in html


def test_plots_without_figures_are_left_out(html):
    names = ["sqnr-cycles", "sqnr-logic", "top1-cycles", "cycles-logic", "widths-0", "widths-1",
             "bits", "sensitivity-0", "sensitivity-1", "predicted", "energy"]
    assert re.findall(r'<div id="([\w-]+)" role=img', html) == names
    bare = page.html({"rows": [{"name": "a", "sqnr_db": 9.0, "cycles": 100}]})
    assert re.findall(r'<div id="([\w-]+)" role=img', bare) == ["sqnr-cycles"]
    assert "<h2>Energy" not in bare
