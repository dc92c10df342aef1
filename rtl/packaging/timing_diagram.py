"""Draws a timing diagram: the WaveJSON that a data sheet needs, as SVG.

WaveDrom draws the same text, and much more. Known here are ``0``, ``1``, ``x``, ``=`` with its
data, ``.``, which goes on with what was there, and ``p``, a clock from end to end.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

_CYCLE = 36  # pixels of a clock cycle at hscale 1
_ROW, _HEIGHT = 34, 20  # from row to row, from low to high
_HEAD, _EDGE = 56, 8
_SLOPE = 3  # half the width of a transition, which begins at the clock edge
_LETTER = 7.3  # width of a letter of the font
_BOXES = {"=": "data", "x": "unknown"}
_STYLE = (
    "text{font:12px Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#111}"
    ".title{font:bold 14px Helvetica,Arial,'DejaVu Sans',sans-serif}.tick{font-size:10px;fill:#555}"
    ".grid{stroke:#ddd;stroke-dasharray:2 3}.wave{fill:none;stroke:#111;stroke-width:1.3}"
    ".data{fill:#EAF3FA;stroke:#0072B2;stroke-width:1.3}"
    ".unknown{fill:#e4e4e4;stroke:#999;stroke-width:1}"
)


class _Span(NamedTuple):
    """A state of a wave from one clock edge to another, in cycles."""

    state: str
    start: int
    end: int


def svg(text: str) -> str:
    """A diagram as WaveJSON, drawn.

    raises  ValueError for states, or data without a label, that are not known here
    """
    diagram = json.loads(text)
    rows: Sequence[dict[str, Any]] = diagram["signal"]
    cycles = max(len(row["wave"]) for row in rows if row)
    cycle = _CYCLE * diagram["config"]["hscale"]
    left = round(_LETTER * max(len(row["name"]) for row in rows if row)) + 2 * _EDGE
    width, height = left + cycles * cycle + 2 * _EDGE, _HEAD + len(rows) * _ROW
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text class="title" x="{_EDGE}" y="20">{escape(diagram["head"]["text"])}</text>',
    ]
    for n in range(cycles + 1):
        x = left + n * cycle
        lines.append(f'<path class="grid" d="M{x} {_HEAD - 10}V{height - _EDGE}"/>')
        lines.append(_text(x, _HEAD - 14, str(diagram["head"]["tick"] + n), "tick"))
    for n, row in enumerate(rows):
        if row:
            top = _HEAD + n * _ROW
            lines.append(f'<text x="{left - _EDGE}" y="{top + 15}" text-anchor="end">'
                         f"{escape(row['name'])}</text>")
            lines += _wave(row, left, top, cycle)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _wave(row: dict[str, Any], left: int, top: int, cycle: int) -> Iterator[str]:
    """The boxes of a wave, and one line for all of its bits."""
    if row["wave"].strip(".") == "p":
        pulse = f"V{top}h{cycle / 2:g}V{top + _HEIGHT}h{cycle / 2:g}"
        yield f'<path class="wave" d="M{left} {top + _HEIGHT}{pulse * len(row["wave"])}"/>'
        return
    middle, low = top + _HEIGHT // 2, top + _HEIGHT
    levels = {"0": low, "1": top}
    labels = iter(row.get("data", []))
    spans = list(_spans(row["wave"]))
    path = ""
    before = ""
    for span in spans:
        x, end = (left + edge * cycle + (_SLOPE if 0 < edge < spans[-1].end else 0)
                  for edge in (span.start, span.end))
        if span.state in _BOXES:
            path += f"L{x} {middle}" if before in levels else ""
            yield (f'<path class="{_BOXES[span.state]}" d="M{x} {middle}L{x + _SLOPE} {top}'
                   f"H{end - _SLOPE}L{end} {middle}L{end - _SLOPE} {low}H{x + _SLOPE}Z\"/>")
            if span.state == "=":
                label = next(labels, None)
                if label is None:
                    raise ValueError(f"Wave {row['name']} has fewer data than boxes")
                yield _text((x + end) / 2, middle + 4, label)
        elif span.state in levels:
            level = levels[span.state]
            path += (f"M{x} {level}" if not before
                     else f"M{x} {middle}L{x + _SLOPE} {level}" if before in _BOXES
                     else f"L{x + _SLOPE} {level}")
            path += f"H{end - (_SLOPE if span is not spans[-1] else 0)}"
        else:
            raise ValueError(f"Wave {row['name']} has the state {span.state!r}; known are "
                             "0, 1, x and =, and p from end to end")
        before = span.state
    if path:
        yield f'<path class="wave" d="{path}"/>'


def _spans(wave: str) -> Iterator[_Span]:
    starts = [n for n, state in enumerate(wave) if state != "."]
    for start, end in pairwise([*starts, len(wave)]):
        yield _Span(wave[start], start, end)


def _text(x: float, y: int, text: str, kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text{attribute} x="{x:g}" y="{y}" text-anchor="middle">{escape(text)}</text>'
