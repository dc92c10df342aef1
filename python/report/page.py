"""The page that plots are drawn on: one look, one width, one PNG of several figures."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from vit2rtl.golden.files import atomic

DPI = 120
WIDTH = 11  # inches; every figure is as wide, so that a report is one column

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#767676",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9,
}


@contextmanager
def new_figure(title: str, *, height: float) -> Iterator[Figure]:
    """A figure with its title, ``height`` inches high; matplotlib's defaults and ours inside.

    A user's own matplotlibrc does not change it, and pyplot does not know of it.
    """
    with style.context(["default", STYLE]):
        layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.12, wspace=0.04)
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout=layout)
        figure.suptitle(title, x=0.015, ha="left", fontsize=12.5, fontweight="bold")
        yield figure


def report(figures: Iterable[Figure], path: str | Path) -> None:
    """Write the figures into one PNG, one below the other; the file appears whole or not at all.

    The same figures give the same bytes. OSError where the folder is missing or not writable.
    """
    path = Path(path)
    figures = list(figures)
    if not figures:
        raise ValueError("A report must hold at least one figure")
    if path.suffix != ".png":
        raise ValueError(f"Report must be named *.png, not {path.name!r}")
    page = _stack([_render(figure) for figure in figures])
    picture = io.BytesIO()
    Image.fromarray(page).save(picture, format="PNG", optimize=True)
    atomic.data(path, picture.getvalue())


def _render(figure: Figure) -> np.ndarray:
    """uint8[height, width, 3] of a figure."""
    canvas = FigureCanvasAgg(figure)
    with style.context(["default", STYLE]):  # some ticks are made only now
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def _stack(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures one below the other, the narrower ones with white on their right."""
    width = max(picture.shape[1] for picture in pictures)
    return np.concatenate(
        [
            np.pad(picture, [(0, 0), (0, width - picture.shape[1]), (0, 0)], constant_values=255)
            for picture in pictures
        ]
    )
