"""The engine's schedule as a picture: what each unit does when."""

from pathlib import Path
from typing import TYPE_CHECKING

from vit2rtl.golden.engine.compiler.image import EngineImage
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.report.page import new_figure, report
from vit2rtl.report.plots import BLUE, GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def timeline(image: EngineImage, path: str | Path) -> None:
    """Write a PNG of two panels: the whole image, and the first twentieth behind its middle.

    A bar is an instruction, blue of the first group of tokens and grey of the others.
    """
    middle = image.cycles // 2
    with new_figure(f"{image.cycles:,} cycles an image", height=6.0) as figure:
        whole, part = figure.subplots(2, 1)
        _draw(whole, image, 0, image.cycles)
        _draw(part, image, middle, middle + image.cycles // 20)
    report([figure], path)


def _draw(axes: "Axes", image: EngineImage, first: int, last: int) -> None:
    for place, unit in enumerate(Unit):
        bars = [(one.start, max(one.end - one.start, 1), BLUE if one.work.group == 0 else GREY)
                for one in image.instructions
                if one.unit == unit and one.end > first and one.start < last]
        axes.broken_barh([bar[:2] for bar in bars], (place - 0.4, 0.8),
                         facecolors=[bar[2] for bar in bars])
    axes.set_yticks(range(len(Unit)), [unit.name.lower() for unit in Unit])
    axes.invert_yaxis()
    axes.set_xlim(first, last)
    axes.set_xlabel("cycle")
