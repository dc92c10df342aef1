"""The picture of the front: the page's first plots without a script, as PNG and as SVG."""

import base64
import io
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from PIL import Image

from vit2rtl.explore.report.findings import lead
from vit2rtl.explore.report.marks import marks
from vit2rtl.explore.report.rows import (
    Row,
    done,
    front,
    having,
    log_ticks,
    logic_unit,
    main_device,
    on_main_device,
    short,
    text,
    value,
    values,
)
from vit2rtl.report.page import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

MOST_PATHS = 60  # of a panel in SVG; more marks than these are drawn as pixels, in one picture
WRAP = 105  # characters of a line of the title

PANELS = (("cycles", "sqnr_db"), ("logic", "sqnr_db"), ("logic", "cycles"))


def front_figure(results: Mapping[str, Any], title: str | None = None) -> "Figure":
    """Accuracy against cycles and logic, and these two, of the device with the most rows.

    title   by default the page's first sentence

    A colour and a shape for each method; filled on the front of all three figures; the dashed line
    joins what no other setting beats in the two figures of its panel.
    """
    rows = on_main_device(done(results))
    device = main_device(rows)
    names = {"cycles": "cycles an image", "sqnr_db": "SQNR of the logits, dB",
             "logic": f"logic, {logic_unit(rows)}" + (f" of {device}" if device else "")}
    panels = [(x, y) for x, y in PANELS if having(rows, x, y)]
    title = title or _wrapped(str(lead(results)[0]))
    with new_figure(title, height=4.6 if panels else 1.2) as figure:
        for n, (x, y) in enumerate(panels, start=1):
            axes = figure.add_subplot(1, len(panels), n)
            _draw(axes, rows, x, y)
            axes.set_xlabel(names[x])
            axes.set_ylabel(names[y])
        if panels and len(marks(values(rows, "method"))) > 1:
            handles, labels = figure.axes[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 6))
    return figure


def svg(results: Mapping[str, Any]) -> str:
    """The same for a page, as an element of HTML; the same results give the same text."""
    picture = io.StringIO()
    with rc_context({"svg.hashsalt": "vit2rtl", "svg.fonttype": "none"}):
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure = front_figure(results, "The same without a script")
        figure.savefig(picture, format="svg", metadata=metadata)
    whole = picture.getvalue()
    return re.sub(r'base64,([^"]*)"', _fewer_colours, whole[whole.index("<svg"):])


def _fewer_colours(match: re.Match[str]) -> str:
    """The marks that are pixels, in 64 colours: a quarter of the bytes."""
    pixels = Image.open(io.BytesIO(base64.b64decode(match[1]))).quantize(64)
    picture = io.BytesIO()
    pixels.save(picture, format="PNG", optimize=True)
    return f'base64,{base64.b64encode(picture.getvalue()).decode()}"'


def _wrapped(sentence: str) -> str:
    return "\n".join(textwrap.wrap(sentence, WRAP))


def _draw(axes: "Axes", rows: Sequence[Row], x: str, y: str) -> None:
    shown = having(rows, x, y)
    axes.set_rasterization_zorder(0)
    for method, mark in marks(values(rows, "method") or [""]).items():
        of_method = [row for row in shown if text(row, "method") == method]
        for is_front, style in ((False, {"facecolors": "none", "alpha": 0.6}),
                                (True, {"facecolors": mark.colour, "label": method})):
            points = [row for row in of_method if (row.get("front") is True) == is_front]
            depth = -2 + is_front if len(shown) > MOST_PATHS else 2 + is_front
            axes.scatter([value(row, x) for row in points], [value(row, y) for row in points],
                         s=30, marker=mark.marker, edgecolors=mark.colour, linewidths=1,
                         zorder=depth, **style)
    steps = front(shown, x, y, y_is_cost=y == "cycles")
    axes.step([value(row, x) for row in steps], [value(row, y) for row in steps], where="post",
              color="#9a9a9a", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.set_xscale("log")
    axes.set_xlim(_around([value(row, x) for row in shown]))
    _few_ticks(axes.xaxis, [value(row, x) for row in shown])
    if y == "cycles":
        axes.set_yscale("log")
        axes.set_ylim(_around([value(row, y) for row in shown]))
        _few_ticks(axes.yaxis, [value(row, y) for row in shown])


def _around(numbers: Sequence[float]) -> tuple[float, float]:
    """Limits of a logarithmic axis with some room at both ends, even around a single number."""
    low, high = min(numbers), max(numbers)
    room = max((high / low) ** 0.06, 1.05)
    return low / room, high * room


def _few_ticks(axis: "Axis", numbers: Sequence[float]) -> None:
    axis.set_major_locator(FixedLocator(log_ticks(numbers)))
    axis.set_major_formatter(FuncFormatter(lambda number, _: short(number)))
    axis.set_minor_locator(NullLocator())
