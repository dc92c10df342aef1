"""Plots of one figure against another, linked: a mark stands for the same setting in all of them.

Their rows are those of the table, which the page's script hands to them, filtered.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt

from vit2rtl.explore.report.chart import Chart
from vit2rtl.explore.report.findings import accuracy_title, hardware_title, top1_title
from vit2rtl.explore.report.marks import marks
from vit2rtl.explore.report.rows import Row, having, log_ticks, logic_unit, text, value, values

ROWS = "rows"  # the data that the script fills
HEIGHT = 290
FEW = 300  # marks that have room to be large
FADED = 0.08  # opacity of what is not picked, where something is


def tradeoffs(rows: Sequence[Row]) -> list[Chart]:
    """Accuracy against cycles and against logic, top-1 and hardware; those that have figures."""
    logic = f"logic, {logic_unit(rows)} (log scale)"
    sqnr = alt.Y("sqnr_db:Q", title="SQNR of the logits, dB", scale=alt.Scale(zero=False))
    top1 = alt.Y("top1:Q", title="top-1, % (bars: 95 % interval)", scale=alt.Scale(zero=False))
    cycles = _log(alt.X, rows, "cycles", "cycles an image (log scale)")
    cells = _log(alt.X, rows, "logic", logic)
    plots = [
        ("sqnr-cycles", "cycles", "sqnr_db", accuracy_title(rows, "cycles", "cycles"),
         cycles, sqnr),
        ("sqnr-logic", "logic", "sqnr_db", accuracy_title(rows, "logic", "logic cells"),
         cells, sqnr),
        ("top1-cycles", "cycles", "top1", top1_title(rows), cycles, top1),
        ("cycles-logic", "logic", "cycles", hardware_title(rows), cells,
         _log(alt.Y, rows, "cycles", "cycles an image (log scale)")),
    ]
    return [Chart(name, title, _plot(rows, x, y))
            for name, x_key, y_key, title, x, y in plots if having(rows, x_key, y_key)]


def _log(channel: Any, rows: Sequence[Row], key: str, title: str) -> Any:
    # Of every device by itself, since a filter may leave one; labels that overlap are left out.
    figures = [[value(row, key) for row in having(rows, key) if text(row, "device") == device]
               for device in values(rows, "device") or [""]]
    ticks = sorted({tick for numbers in figures for tick in log_ticks(numbers)})
    if any(len(set(numbers)) == 1 for numbers in figures):
        ticks = []  # all of them would stand on the one place there is
    axis = alt.Axis(format=".3~s", **({"values": ticks} if ticks else {"tickCount": 5}))
    scale = alt.Scale(type="log", nice=False, padding=8)
    return channel(f"{key}:Q", title=title, axis=axis, scale=scale)


def _plot(rows: Sequence[Row], x: Any, y: Any) -> alt.TopLevelMixin:
    base = alt.Chart(alt.NamedData(name=ROWS)).encode(x=x, y=y)
    layers = [_front_line(base, y.shorthand), _ring(base)]  # below the marks, which are pointed at
    if y.shorthand == "top1:Q":
        layers.append(_intervals(base))
    return (
        alt.layer(*layers, _points(base, rows))
        .add_params(alt.param(name="hovered", value=-1), alt.param(name="picked", value=[]))
        .properties(width="container", height=HEIGHT)
    )


def _front_line(base: alt.Chart, y: str) -> alt.Chart:
    """A step through the settings that no other beats in these two figures."""
    key = y.removesuffix(":Q")
    x_key = base.encoding.x.shorthand.removesuffix(":Q")
    cost = key == "cycles"
    return (
        base.transform_filter(f"isValid(datum.{x_key}) && isValid(datum.{key})")
        .transform_window(
            frame=[None, 0],
            sort=[alt.SortField(x_key),
                  alt.SortField(key, order="ascending" if cost else "descending")],
            best=f"{'min' if cost else 'max'}({key})",
        )
        .transform_filter(f"datum.{key} == datum.best")
        .mark_line(interpolate="step-after", color="#9a9a9a", strokeDash=[4, 3], strokeWidth=1.2)
    )


def _intervals(base: alt.Chart) -> alt.Chart:
    return (
        base.transform_filter("datum.front && isValid(datum.top1_low)")
        .mark_rule(strokeWidth=1, color="#767676")
        .encode(y=alt.Y("top1_low:Q"), y2="top1_high:Q", opacity=_opacity())
    )


def _opacity() -> Any:
    picked = "length(picked) == 0 || indexof(picked, datum.id) >= 0"
    return alt.condition(picked, alt.value(1), alt.value(FADED))


def _points(base: alt.Chart, rows: Sequence[Row]) -> alt.Chart:
    """Marks of a colour and a shape for each method: filled on the front, else an outline."""
    drawn = marks(values(rows, "method") or [""])
    names = list(drawn)
    colour = alt.Scale(domain=names, range=[mark.colour for mark in drawn.values()])
    shape = alt.Scale(domain=names, range=[mark.shape for mark in drawn.values()])
    size = 70 if len(rows) <= FEW else 40
    return base.mark_point(filled=True, size=size, strokeWidth=1.2, cursor="pointer").encode(
        color=alt.Color("method:N", scale=colour, legend=None),
        stroke=alt.Stroke("method:N", scale=colour, legend=None),
        shape=alt.Shape("method:N", scale=shape, legend=None),
        fillOpacity=alt.condition("datum.front", alt.value(0.9), alt.value(0.06)),
        opacity=_opacity(),
        order=alt.Order("front:Q"),
        tooltip="name:N",
    )


def _ring(base: alt.Chart) -> alt.Chart:
    """Where the setting under the pointer is, in every plot."""
    return base.transform_filter("datum.id == hovered").mark_point(
        size=320, shape="circle", color="black", strokeWidth=2, filled=False)
