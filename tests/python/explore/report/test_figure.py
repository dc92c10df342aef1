import re

import numpy as np

from tests.python.explore.report import synthetic
from vit2rtl.explore.report import figure

RESULTS = synthetic.results(methods=("repq", "fq-vit"), widths=(4, 8))
RESULTS["rows"] = [row for row in RESULTS["rows"] if row.get("fits") is not False]


def drawn(axes):
    """{(x, y)} of all marks, and of those that are filled."""
    marks = [axes.collections[n].get_offsets().data.tolist() for n in range(len(axes.collections))]
    filled = [len(one.get_facecolors()) > 0 for one in axes.collections]
    points = {tuple(point) for group in marks for point in group}
    return points, {tuple(point) for group, full in zip(marks, filled, strict=True) if full
                    for point in group}


def test_the_picture_has_three_panels_of_the_device_with_the_most_rows():
    whole = figure.front_figure(RESULTS)
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in whole.axes]
    logic = "logic, COMB of LFE5U-85F"
    assert labels == [("cycles an image", "SQNR of the logits, dB"),
                      (logic, "SQNR of the logits, dB"), (logic, "cycles an image")]
    rows = [row for row in RESULTS["rows"]
            if row.get("device") == "LFE5U-85F" and row["status"] == "done"]
    for axes, (x, y) in zip(whole.axes, figure.PANELS, strict=True):
        points, filled = drawn(axes)
        assert points == {(row[x], row[y]) for row in rows}
        assert filled == {(row[x], row[y]) for row in rows if row["front"]}
    assert whole.get_suptitle().replace("\n", " ").startswith("Within one point of the float model")
    assert [text.get_text() for text in whole.legends[0].get_texts()] == ["repq", "fq-vit"]


def test_a_dashed_line_joins_what_no_other_beats():
    (line,) = figure.front_figure(RESULTS).axes[0].lines
    x, y = (np.asarray(values, dtype=float) for values in line.get_data())
    assert len(x) > 1 and (np.diff(x) > 0).all() and (np.diff(y) > 0).all()


def test_svg_is_small_and_the_same_each_time():
    results = synthetic.many(900)
    text = figure.svg(results)
    assert text == figure.svg(results)
    assert text.startswith("<svg") and len(text) < 80_000
    assert len(re.findall("data:image/png", text)) == 3  # marks of a panel, in one picture
    assert "<text" in text and "metadata" not in text


def test_nothing_to_draw_is_a_title():
    empty = figure.front_figure({})
    assert empty.axes == [] and empty.get_suptitle() == "No setting has results yet."
