"""Heat maps: accuracy by widths, bits of each layer, sensitivity of each group."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from vit2rtl.explore.report.chart import Chart
from vit2rtl.explore.report.findings import bits_title, sensitivity_title, widths_title
from vit2rtl.explore.report.rows import (
    Row,
    done,
    having,
    natural,
    number,
    recipe,
    text,
    value,
    values,
)

CELL = alt.Step(40)
ROW = alt.Step(17)
TALL = alt.Step(34)
MOST_NARROW = 5  # columns of cells that a third of the page holds
MOST_GROUPS = 200  # of a heat map; the marks of more take longer to draw than to look through


def widths(rows: Sequence[Row]) -> list[Chart]:
    """Accuracy of every method by the bits of weights and of activations, the same at all layers.

    A method with other options is one of its own.

    Colour is SQNR, on one scale for all methods; the text is top-1, or SQNR where there is none.
    """
    uniform = [row for row in having(rows, "weights", "activations", "sqnr_db")
               if not text(row, "mixed")]
    if not uniform:
        return []
    levels = [value(row, "sqnr_db") for row in uniform]
    charts = []
    for n, method in enumerate(dict.fromkeys(map(recipe, uniform))):
        cells = {(value(row, "weights"), value(row, "activations")): row
                 for row in uniform if recipe(row) == method}
        if len(cells) > 1:
            name = f"widths-{n}"
            plot = _widths([_accuracy(row) for row in cells.values()], (min(levels), max(levels)))
            charts.append(Chart(name, widths_title(method, list(cells.values())), plot))
    return charts


def _accuracy(row: Row) -> dict[str, Any]:
    top1, sqnr = number(row, "top1"), value(row, "sqnr_db")
    return {"weights": value(row, "weights"), "activations": value(row, "activations"),
            "sqnr": round(sqnr, 2), "top1": "not measured" if top1 is None else round(top1, 2),
            "text": f"{sqnr:.1f}" if top1 is None else f"{top1:.1f}"}


def _widths(cells: Sequence[Mapping[str, Any]], levels: tuple[float, float]) -> alt.TopLevelMixin:
    low, high = levels
    base = alt.Chart(alt.Data(values=cells)).encode(
        x=alt.X("activations:O", title="activation bits", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("weights:O", title="weight bits", sort="descending"),
    )
    colour = alt.Color("sqnr:Q", legend=None,
                       scale=alt.Scale(scheme="viridis", domain=[low, high]))
    tips = {"weights": "weights:O", "activations": "activations:O", "top-1, %": "top1:N",
            "SQNR, dB": "sqnr:Q"}
    return _cells(base, colour, f"datum.sqnr < {(low + high) / 2}", tips, TALL)


def _cells(
    base: alt.Chart, colour: alt.Color, dark: str, tips: Mapping[str, str], height: alt.Step
) -> alt.TopLevelMixin:
    """Coloured cells with their text on them, white where ``dark`` says; ``tips``: title, field."""
    tooltip = [alt.Tooltip(field, title=title) for title, field in tips.items()]
    return alt.layer(
        base.mark_rect(stroke="white", strokeWidth=1).encode(color=colour, tooltip=tooltip),
        base.mark_text(fontSize=11).encode(
            text="text:N", color=alt.condition(dark, alt.value("white"), alt.value("#111")),
            tooltip=tooltip,
        ),
    ).properties(width=CELL, height=height)


def bits(results: Mapping[str, Any]) -> list[Chart]:
    """Bits of weights and activations of every layer, a column for each mixed setting."""
    chosen = results.get("bits") or {}
    mixed = {text(row, "name"): row for row in done(results)
             if text(row, "mixed") and text(row, "name") in chosen}
    names = sorted(mixed, key=lambda name: _cost(mixed[name]))
    layers = {name: sorted(chosen[name].items(), key=lambda item: natural(item[0]))
              for name in names}
    cells = [
        {"layer": layer, "setting": name, "text": _pair(pair), "bits": sum(_known(pair))}
        for name in names
        for layer, pair in layers[name][:MOST_GROUPS]
    ]
    if not cells:
        return []
    base = alt.Chart(alt.Data(values=cells)).encode(
        x=alt.X("setting:N", sort=names, title="setting, by rising cost",
                axis=alt.Axis(orient="top", labelAngle=-40, labelLimit=150)),
        y=alt.Y("layer:N", sort=None, title=None),
    )
    colour = alt.Color("bits:Q", title="W + A", scale=alt.Scale(scheme="blues"))
    dark = f"datum.bits > {(min(c['bits'] for c in cells) + max(c['bits'] for c in cells)) / 2}"
    tips = {"layer": "layer:N", "setting": "setting:N", "bits, W/A": "text:N"}
    plot = _cells(base, colour, dark, tips, ROW)
    return [Chart("bits", bits_title(chosen, names), plot, "Weight/activation bits of every layer.",
                  wide=len(names) > MOST_NARROW)]


def _cost(row: Row) -> tuple[float, float]:
    return number(row, "bops") or 0, number(row, "cycles") or 0


def _known(pair: Sequence[int | None]) -> list[int]:
    return [bits for bits in pair if bits is not None]


def _pair(pair: Sequence[int | None]) -> str:
    return "/".join("–" if bits is None else str(bits) for bits in pair)


def sensitivity(results: Mapping[str, Any]) -> list[Chart]:
    """SQNR with one group alone at other bits: a map for each method and anchor of the others."""
    measured = having(results.get("sensitivity") or [], "sqnr_db")
    charts = []
    kinds = dict.fromkeys((text(row, "method"), text(row, "anchor")) for row in measured)
    for n, kind in enumerate(kinds):
        rows = [row for row in measured if (text(row, "method"), text(row, "anchor")) == kind]
        groups = values(rows, "group")[:MOST_GROUPS]
        cells = [
            {"group": text(row, "group"), "text": f"{value(row, 'sqnr_db'):.0f}",
             "bits": f"{text(row, 'weights') or '–'}/{text(row, 'activations') or '–'}",
             "sqnr": round(value(row, "sqnr_db"), 2)}
            for row in rows if text(row, "group") in groups
        ]
        levels = [value(row, "sqnr_db") for row in rows]
        base = alt.Chart(alt.Data(values=cells)).encode(
            x=alt.X("bits:N", title="weight/activation bits of the group",
                    axis=alt.Axis(orient="top", labelAngle=0)),
            y=alt.Y("group:N", sort=None, title=None),
        )
        colour = alt.Color("sqnr:Q", title="SQNR, dB",
                           scale=alt.Scale(scheme="oranges", reverse=True))
        dark = f"datum.sqnr < {(min(levels) + max(levels)) / 2}"
        tips = {"group": "group:N", "bits, W/A": "bits:N", "SQNR, dB": "sqnr:Q"}
        plot = _cells(base, colour, dark, tips, ROW)
        charts.append(Chart(f"sensitivity-{n}", sensitivity_title(*kind, rows), plot,
                            "SQNR in dB with this group alone at these bits.",
                            wide=len(values(cells, "bits")) > MOST_NARROW))
    return charts
