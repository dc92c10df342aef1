"""Plots of a line a setting: predicted beside measured, and the parts of the energy."""

from collections.abc import Sequence

import altair as alt

from vit2rtl.explore.report.chart import Chart
from vit2rtl.explore.report.findings import energy_title, predicted_title
from vit2rtl.explore.report.marks import COLOURS
from vit2rtl.explore.report.rows import Row, having, number, text, value, values

LINE = 24  # pixels
MOST_LINES = 24


def predicted(rows: Sequence[Row]) -> list[Chart]:
    """SQNR that the search predicted, and what was measured, a line for each setting."""
    settings = {text(row, "name"): row for row in having(rows, "predicted_db", "sqnr_db")}
    if not settings:
        return []
    shown = sorted(settings.values(), key=lambda row: value(row, "sqnr_db"))[-MOST_LINES:]
    cells = [
        {"setting": text(row, "name"), "kind": kind, "sqnr": round(value(row, key), 2)}
        for row in shown
        for kind, key in (("predicted", "predicted_db"), ("measured", "sqnr_db"))
    ]
    base = alt.Chart(alt.Data(values=cells)).encode(
        x=alt.X("sqnr:Q", title="SQNR of the logits, dB", scale=alt.Scale(zero=False),
                axis=alt.Axis(tickCount=8)),
        y=alt.Y("setting:N", sort=None, title=None),
    )
    kinds = ["predicted", "measured"]
    plot = alt.layer(
        base.mark_line(color="#9a9a9a").encode(detail="setting:N"),
        base.mark_point(size=80, opacity=1, strokeWidth=1.6).encode(
            shape=alt.Shape("kind:N", title=None, legend=alt.Legend(orient="top"),
                            scale=alt.Scale(domain=kinds, range=["circle", "square"])),
            color=alt.Color("kind:N", title=None,
                            scale=alt.Scale(domain=kinds, range=[COLOURS[1], COLOURS[0]])),
            tooltip=["setting:N", "kind:N", alt.Tooltip("sqnr:Q", title="SQNR, dB")],
        ),
    ).properties(width="container", height=LINE * len(shown))
    return [Chart("predicted", predicted_title(list(settings.values())), plot,
                  "Predicted: noises of one group at a time, added up.", wide=True)]


def energy(rows: Sequence[Row]) -> list[Chart]:
    """Parts of the energy of the settings on the front, the least first."""
    able = [row for row in having(rows, "energy") if row.get("energy_parts")]
    able = [row for row in able if row.get("front") is True] or able
    if not able:
        return []
    lines = _lines(able)
    shown = sorted(lines, key=lambda line: value(lines[line], "energy"))[:MOST_LINES]
    parts = list(dict.fromkeys(part for line in shown for part in lines[line]["energy_parts"]))
    cells = [
        {"setting": line, "part": part, "order": parts.index(part),
         "energy": round(number(lines[line]["energy_parts"], part) or 0, 4)}
        for line in shown
        for part in lines[line]["energy_parts"]
    ]
    plot = (
        alt.Chart(alt.Data(values=cells))
        .mark_bar(stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("energy:Q", title="energy, W8A8 = 1 (relative proxy)"),
            y=alt.Y("setting:N", sort=None, title=None),
            color=alt.Color("part:N", title=None, sort=parts,
                            legend=alt.Legend(orient="top", columns=2),
                            scale=alt.Scale(domain=parts, range=list(COLOURS))),
            order="order:Q",
            tooltip=["setting:N", "part:N", alt.Tooltip("energy:Q", title="of W8A8's")],
        )
        .properties(width="container", height=LINE * len(shown))
    )
    return [Chart("energy", energy_title([lines[line] for line in shown]), plot, wide=True)]


def _lines(rows: Sequence[Row]) -> dict[str, Row]:
    """Rows by setting and hardware, without the device, which the proxy does not know.

    Of the hardware, only what differs between the rows.
    """
    keys = [key for key in ("array", "mac", "groups") if len(values(rows, key)) > 1]
    lines: dict[str, Row] = {}
    for row in rows:
        words = {key: text(row, key) for key in keys if text(row, key)}
        if "groups" in words:
            words["groups"] += " groups"
        lines.setdefault(", ".join([text(row, "name"), *words.values()]), row)
    return lines
