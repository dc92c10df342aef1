"""The page: one HTML file with its data, its plots and their library inside.

No address outside the file is named, and a policy in its head forbids to load from any.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import vl_convert

from vit2rtl.explore.report import bars, heat_maps, table
from vit2rtl.explore.report.chart import CONFIG, Chart
from vit2rtl.explore.report.figure import svg
from vit2rtl.explore.report.findings import Sentence, lead
from vit2rtl.explore.report.rows import Row, done, most_wanted, on_main_device, rows_of
from vit2rtl.explore.report.tradeoffs import tradeoffs

POLICY = ("default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
          "script-src 'unsafe-inline' 'unsafe-eval'")  # Vega compiles expressions
READING = (
    "A mark is a setting: a method, bits and hardware; the same one in every plot. Filled marks "
    "are on the front: no other setting on their device is as good in SQNR, cycles, logic and "
    "bytes of weights. The dashed line joins what no other mark beats in the figures of its plot."
)
POINTING = ("Point at a mark to find it in the other plots; click to pick it, with Shift to pick "
            "more. Lines of the table can be picked, too.")
WIDTHS = ("Uniform bits in all layers. Numbers are top-1 in percent where it was measured, else "
          "SQNR; colour is SQNR on one scale, from dark (the least) to yellow (the most).")
MOST_ROWS = 2000  # of the table and the linked plots: the page stays below 1.5 MB
PROXY = ("A relative proxy from a table of 45 nm ASIC figures (Horowitz 2014), as a ratio to W8A8 "
         "on 16 × 16 digits, one group of tokens: it is not the energy of this FPGA. "
         "Settings of the front, least first.")


def html(results: Mapping[str, Any]) -> str:
    """The whole page of an exploration's results."""
    rows = done(results)
    shown = most_wanted(rows, MOST_ROWS)
    linked = tradeoffs(shown)
    energy = bars.energy(on_main_device(rows))
    sections = [
        _section("Accuracy, cycles, area", READING, linked, before=_controls(shown),
                 static=svg(results) if linked else ""),
        _section("Accuracy by widths", WIDTHS, heat_maps.widths(rows), "small"),
        _section("Bits of each layer", "", [*heat_maps.bits(results),
                                            *heat_maps.sensitivity(results)], "third"),
        _section("Predicted beside measured", "", bars.predicted(rows)),
        _section("Energy", PROXY, energy),
    ]
    charts = [*linked, *(chart for _, more in sections[1:] for chart in more)]
    data = {"plots": {chart.name: chart.description() for chart in charts},
            "config": CONFIG,
            "linked": [chart.name for chart in linked], "shared": table.columns(shown)[1]}
    title = f"What each choice costs: {_model(results)}"
    script = f"{_library()}\n{_asset('report.js')}" if charts else _asset("report.js")
    return "\n".join([
        "<!doctype html>",
        f"<html lang=en><head><meta charset=utf-8><title>{escape(title)}</title>",
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name=viewport content="width=device-width, initial-scale=1">',
        f"<style>{_asset('report.css')}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        '<div class=lead>', *map(_sentence, lead(results)), "</div>",
        *(part for part, _ in sections),
        f"<section><h2>{_heading(rows, shown)}</h2>{table.settings(shown)}</section>",
        table.failures(results),
        _provenance(results),
        "<div id=picks hidden role=status><span></span><button type=button>clear</button></div>",
        "<div id=tooltip hidden role=tooltip></div>",
        f'<script type="application/json" id=plots>{_json(data)}</script>',
        f"<script>{script}</script>",
        "</body></html>\n",
    ])


def _controls(rows: Sequence[Row]) -> str:
    return f"<p class='note script' hidden>{escape(POINTING)}</p>{table.filters(rows)}"


def _heading(rows: Sequence[Row], shown: Sequence[Row]) -> str:
    if len(shown) == len(rows):
        return "All settings"
    return f"{len(shown):,} of {len(rows):,} settings; all are in results.csv"


def _model(results: Mapping[str, Any]) -> str:
    provenance, space = results.get("provenance") or {}, results.get("space") or {}
    return str(provenance.get("model") or space.get("model") or "unnamed model")


def _sentence(one: Sentence) -> str:
    before, setting, after = (escape(part).replace(" %", "\u00a0%").replace(" dB", "\u00a0dB")
                             for part in one)
    return f"<p>{before}<strong>{setting}</strong>{after}</p>"


def _section(
    title: str, note: str, charts: Sequence[Chart], size: str = "half", *, before: str = "",
    static: str = "",
) -> tuple[str, Sequence[Chart]]:
    """(HTML, the charts in it) of a section; without charts there is only what stands before."""
    if not charts:
        return before, charts
    figures = "".join(
        f"<figure{' class=wide' if chart.wide else ''}><h3>{escape(chart.title)}</h3>"
        + (f"<p class=note>{escape(chart.note)}</p>" if chart.note else "")
        + f'<div id="{chart.name}" role=img aria-label="{escape(chart.title)}"></div></figure>'
        for chart in charts
    )
    plots = f"<div class='plots {size}'>{figures}</div>"
    if static:
        plots += f"<noscript>{static}</noscript>"
    return (f"<section class=charts><h2>{escape(title)}</h2>"
            f"<p class=note>{escape(note)}</p>{before}{plots}</section>", charts)


def _provenance(results: Mapping[str, Any]) -> str:
    """Where every figure comes from, as name and value; models of cost with their stated errors."""
    rows = rows_of(results)
    facts = {"settings": f"{len(rows)}, {len(done(results))} of them done",
             **(results.get("provenance") or {}), "space": results.get("space") or {}}
    facts = {name: fact for name, fact in facts.items() if fact not in (None, "", {}, [])}
    facts["page written"] = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    terms = "".join(f"<dt>{escape(name.replace('_', ' '))}<dd>{escape(_fact(fact))}"
                    for name, fact in facts.items())
    return f"<section><h2>Provenance</h2><dl>{terms}</dl></section>"


def _fact(fact: Any) -> str:
    if isinstance(fact, Mapping):
        return ", ".join(f"{name} {_fact(one)}" for name, one in fact.items())
    if isinstance(fact, list | tuple):
        return " ".join(_fact(one) for one in fact)
    return str(fact)


def _json(value: Any) -> str:
    """JSON that a script element can hold: no tag ends it, no comment opens in it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _library() -> str:
    """Vega, Vega-Lite and Vega-Embed in a function of their own: they declare many short names.

    Without the addresses that they link to; namespaces of XML, which are http, stay.
    """
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    local = re.sub(r"https://[\w./-]+", "", bundle).replace("</script", "<\\/script")
    return f"(function () {{{local}}})();"
