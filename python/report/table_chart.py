"""The chart of a reproduced table: top-1 of each row, ours with its noise and as published."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vit2rtl.report.page import new_figure
from vit2rtl.report.plots import BLUE, GREY, SKY

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Bar:
    """A row of one model: percent; ``noise`` points either way; None where there is no figure."""

    name: str
    ours: float | None
    noise: float
    published: float | None


def table_chart(title: str, models: Sequence[str], bars: Sequence[Sequence[Bar]]) -> "Figure":
    """Panels side by side, a model each, with the same rows from top to bottom.

    bars   of each model, in the order of ``models``
    """
    count = len(bars[0])
    with new_figure(title, height=1.9 + 0.42 * count) as figure:
        panels = np.atleast_1d(figure.subplots(1, len(models), sharey=True))
        y = np.arange(count)
        for axes, model, rows in zip(panels, models, bars, strict=True):
            ours = [np.nan if row.ours is None else row.ours for row in rows]
            noise = [0 if row.ours is None else row.noise for row in rows]
            published = [np.nan if row.published is None else row.published for row in rows]
            axes.barh(y, ours, 0.62, color=[BLUE if "RepQ" in row.name else SKY for row in rows],
                      label="ours, 95 % interval")
            axes.errorbar(ours, y, xerr=noise, fmt="none", ecolor=GREY, capsize=3)
            axes.scatter(published, y, marker="D", s=36, facecolor="white", edgecolor="black",
                         zorder=4, label="published, on ImageNet")
            axes.set_yticks(y, [row.name for row in rows])
            axes.set_ylim(count - 0.4, -0.6)
            axes.set_xlim(0, 100)
            axes.set_title(model, loc="left")
            axes.set_xlabel("top-1 (%)")
            axes.tick_params(axis="y", length=0)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower right", ncols=2)
    return figure
