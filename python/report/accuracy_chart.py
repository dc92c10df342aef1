"""The chart of what settings cost: points of top-1 lost, and the logits' SQNR, with their noise."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from vit2rtl.report.page import new_figure
from vit2rtl.report.plots import BLUE, GREY, SKY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Setting:
    """A way to quantize, and what it costs against the float model.

    loss        points of top-1 that the float model has more
    noise       points: how far chance in the draw of images may take the loss, either way
    sqnr        dB, of the logits against the float model's, mean of the images
    sqnr_noise  dB: how far chance in the draw of images may take the SQNR, either way
    """

    name: str
    loss: float
    noise: float
    sqnr: float
    sqnr_noise: float


def accuracy_chart(
    settings: Iterable[Setting],
    *,
    top1: float,
    images: int,
    highlight: str | None = None,
    title: str | None = None,
) -> "Figure":
    """What each setting costs: the loss in points of top-1 and the SQNR, each with its noise.

    settings   drawn from top to bottom
    top1       percent, the float model's
    images     how many they were measured on
    highlight  name of the setting to colour, by default the one of the highest SQNR
    title      what the chart shows, by default computed

    Settings whose noise reaches zero cannot be told from the float model by these images.
    """
    settings = list(settings)
    _check(settings)
    if highlight is None:
        highlight = max(settings, key=lambda setting: setting.sqnr).name
    chosen = next((setting for setting in settings if setting.name == highlight), None)
    if chosen is None:
        raise ValueError(f"Highlight must be the name of a setting, not {highlight!r}")
    colours = [BLUE if setting is chosen else SKY for setting in settings]
    title = title or _title(settings, chosen, top1, images)
    with new_figure(title, height=1.7 + 0.36 * len(settings)) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        left.set_yticks(range(len(settings)), [setting.name for setting in settings])
        left.set_ylim(len(settings) - 0.4, -0.6)
        _draw_losses(left, settings, colours)
        left.set_xlabel(f"points of top-1 lost against float32 ({top1:.1f}%), 95 % interval")
        _draw_sqnr(right, settings, colours)
        for axes in (left, right):
            axes.tick_params(axis="y", length=0)
    return figure


def _check(settings: Sequence[Setting]) -> None:
    if not settings:
        raise ValueError("Settings must be at least one")
    for setting in settings:
        for what in ("loss", "noise", "sqnr", "sqnr_noise"):
            value = getattr(setting, what)
            if not math.isfinite(value):
                raise ValueError(f"The {what} of {setting.name!r} must be finite, not {value!r}")
        for what in ("noise", "sqnr_noise"):
            value = getattr(setting, what)
            if value < 0:
                raise ValueError(f"The {what} of {setting.name!r} must be at least 0, "
                                 f"not {value!r}")


def _title(settings: Sequence[Setting], chosen: Setting, top1: float, images: int) -> str:
    beyond = sum(abs(setting.loss) > setting.noise for setting in settings)
    differ = f"{beyond} of {len(settings)} settings differ" if beyond else "no setting differs"
    return (f"{chosen.name} loses {_points(chosen)} points of the float model's {top1:.1f}% "
            f"top-1;\n{differ} by more than the noise of {images:,} images: SQNR ranks them")


def _points(setting: Setting) -> str:
    loss = round(setting.loss, 1) + 0.0  # no negative zero
    return f"{loss:.1f} ± {setting.noise:.1f}"


def _draw_losses(axes: "Axes", settings: Sequence[Setting], colours: Sequence[str]) -> None:
    loss = np.array([setting.loss for setting in settings])
    noise = np.array([setting.noise for setting in settings])
    y = np.arange(len(settings))
    axes.axvline(0, color=GREY, linewidth=1)
    axes.hlines(y, loss - noise, loss + noise, color=colours, linewidth=3)
    axes.scatter(loss, y, s=64, color=colours, zorder=3)
    low, high = min(0, (loss - noise).min()), max(0.1, (loss + noise).max())
    room = 0.02 * (high - low)
    for n, setting in enumerate(settings):
        axes.text(max(0, loss[n] + noise[n]) + room, n, _points(setting), va="center")
    axes.set_xlim(low - room, high + 0.24 * (high - low))
    axes.xaxis.set_major_locator(MaxNLocator(5))


def _draw_sqnr(axes: "Axes", settings: Sequence[Setting], colours: Sequence[str]) -> None:
    decibels = np.array([setting.sqnr for setting in settings])
    noise = np.array([setting.sqnr_noise for setting in settings])
    y = np.arange(len(settings))
    bars = axes.barh(y, decibels, 0.68, color=colours)
    axes.hlines(y, decibels - noise, decibels + noise, color=GREY, linewidth=1.5)
    texts = [f"{setting.sqnr:.1f} ± {setting.sqnr_noise:.1f} dB" for setting in settings]
    axes.bar_label(bars, texts, padding=10)
    axes.set_xlim(min(0, *(decibels - noise)) * 1.4, max(1, *(decibels + noise)) * 1.4)
    axes.set_xlabel("SQNR of the logits, mean of images (dB), 95 % interval")
