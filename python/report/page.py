"""The page that plots are drawn on: one look, one width, one PNG of several figures."""

import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

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
def new_figure(title, *, height):
    """A figure with its title, ``height`` inches high; matplotlib's defaults and ours inside.

    A user's own matplotlibrc does not change it, and pyplot does not know of it.
    """
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
        figure.get_layout_engine().set(w_pad=0.15, h_pad=0.12, wspace=0.04)
        figure.suptitle(title, x=0.015, ha="left", fontsize=12.5, fontweight="bold")
        yield figure


def report(figures, path):
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
    partial = path.with_name(f".{path.name}.partial")
    try:
        Image.fromarray(page).save(partial, format="PNG", optimize=True)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _render(figure):
    """uint8[height, width, 3] of a figure."""
    canvas = FigureCanvasAgg(figure)
    with style.context(["default", STYLE]):  # some ticks are made only now
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def _stack(pictures):
    """Pictures one below the other, the narrower ones with white on their right."""
    width = max(picture.shape[1] for picture in pictures)
    return np.concatenate(
        [
            np.pad(picture, [(0, 0), (0, width - picture.shape[1]), (0, 0)], constant_values=255)
            for picture in pictures
        ]
    )
