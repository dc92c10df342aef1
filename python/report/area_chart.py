"""The chart of ``docs/area.md``: cells and clocks of the designs that its comparisons name."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vit2rtl.report.page import new_figure, report
from vit2rtl.report.plots import BLUE, GREY
from vit2rtl.rtl.synthesis.references.reference import Bar, Panel, Rows
from vit2rtl.rtl.synthesis.references.registry import REFERENCES

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def area_chart(rows: Rows, path: str | Path) -> None:
    """Write a PNG of bars, one per design of the comparisons; ours in blue, references in grey.

    The comparison in which most is gained comes first, and has the headline.

    rows   of a whole table, see :func:`vit2rtl.rtl.synthesis.table.committed`
    """
    panels = [one.panel(rows) for one in REFERENCES.values() if one.panel]
    panels.sort(key=lambda panel: panel.gain, reverse=True)
    with new_figure(panels[0].headline, height=8.4) as figure:
        heights = [len(panel.bars) + 1.2 for panel in panels]
        for axes, panel in zip(
            figure.subplots(len(panels), 1, height_ratios=heights), panels, strict=True
        ):
            _draw(axes, panel)
    report([figure], path)


def _draw(axes: "Axes", panel: Panel) -> None:
    bars: Sequence[Bar] = panel.bars
    cells = [bar.row["cells"]["COMB"] for bar in bars]
    axes.barh(range(len(bars)), cells, color=[BLUE if b.ours else GREY for b in bars], height=0.7)
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars])
    axes.invert_yaxis()
    axes.set_title(f"{panel.title}: COMB on ECP5, at its MHz")
    axes.set_xlim(0, max(cells) * 1.18)
    for n, (count, bar) in enumerate(zip(cells, bars, strict=True)):
        axes.text(count, n, f" {count} at {bar.row['fmax_mhz']:.0f} MHz", va="center", fontsize=9)
