"""Plots of what quantization meets: plain arrays in, matplotlib figures out.

Every figure's title is what it shows, in one sentence with the numbers of its own data. The colours
are Okabe and Ito's, which colour-blind readers can tell apart.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter, NullLocator

from vit2rtl.golden.arithmetic.log_sqrt2 import code_count
from vit2rtl.report.page import new_figure, report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

__all__ = ["channel_ranges", "report", "softmax_histogram", "uniform_range"]

BLUE, SKY, ORANGE, VERMILION, GREEN = "#0072B2", "#56B4E9", "#E69F00", "#D55E00", "#009E73"
GREY, PALE = "#767676", "#EDEDED"

LEAST_EXPONENT = -40  # no probability below 2**-40 is worth the width of the plot
ZERO_REGION: dict[str, Any] = {"facecolor": PALE, "edgecolor": "white", "hatch": "//", "zorder": 0}
MOST_CHANNELS = 64
# Lowest and highest value.
Range = tuple[float, float]
LARGE = 0.3  # the paper's border between the many small probabilities and the few that matter


def uniform_range(scale: float, zero_point: float, bits: int) -> Range:
    """Lowest and highest value of a uniform quantizer of ``2**bits`` codes."""
    return -zero_point * scale, ((1 << bits) - 1 - zero_point) * scale


def channel_ranges(
    before: "ArrayLike",
    after: "ArrayLike",
    *,
    bits: int,
    before_range: Range | None = None,
    after_range: Range | None = None,
    title: str | None = None,
) -> "Figure":
    """Post-LayerNorm activations per channel, before and after reparameterization (Fig. 2).

    before, after              float[tokens, channels], or any number of leading axes
    bits                       width of the layer-wise quantizer
    before_range, after_range  (low, high) of one layer-wise quantizer for all channels, drawn as a
                               band with its levels (see :func:`uniform_range`); by default the
                               least and greatest activation
    title                      what the plot shows, by default computed

    Per channel: a line from minimum to maximum, a light box from the 1st to the 99th percentile, a
    dark box from the 25th to the 75th, a tick at the median. Above 64 channels, 64 evenly spaced.
    """
    before, after = _by_channel(before), _by_channel(after)
    if before.shape[1] != after.shape[1]:
        raise ValueError(
            f"Before and after must have as many channels, not {before.shape[1]} and "
            f"{after.shape[1]}"
        )
    panels = [
        ("Before: ranges differ from channel to channel", before, before_range, VERMILION),
        ("After: every channel fills the same range", after, after_range, BLUE),
    ]
    if title is None:
        fills = [_median_fill(values, band) for _, values, band, _ in panels]
        title = (
            "Reparameterization gives every channel the layer's one range: the median channel "
            f"fills\n{fills[0]:.0%} of a layer-wise quantizer before, {fills[1]:.0%} after"
        )
    with new_figure(title, height=4.6) as figure:
        for axes, panel in zip(figure.subplots(1, 2), panels, strict=True):
            _draw_channels(axes, *panel, bits=bits)
    return figure


def _draw_channels(
    axes: "Axes", title: str, values: np.ndarray, band: Range | None, colour: str, *, bits: int
) -> None:
    low, high = band or _extent(values)
    channels = values.shape[1]
    shown = np.linspace(0, channels - 1, min(channels, MOST_CHANNELS)).round().astype(int)
    minimum, p1, p25, p50, p75, p99, maximum = np.percentile(
        values[:, shown], [0, 1, 25, 50, 75, 99, 100], axis=0
    )
    x = np.arange(len(shown))
    axes.axhspan(low, high, color=PALE, zorder=0, label=f"layer-wise range, {1 << bits} levels")
    axes.hlines(
        np.linspace(low, high, 1 << bits) if bits <= 4 else [low, high],
        -1,
        len(x),
        color="white",
        zorder=0.5,
    )
    axes.vlines(x, minimum, maximum, color=colour, linewidth=1, label="minimum to maximum")
    axes.bar(x, p99 - p1, 0.62, p1, color=colour, alpha=0.35, label="1 to 99 %")
    axes.bar(x, p75 - p25, 0.62, p25, color=colour, label="25 to 75 %")
    axes.hlines(p50, x - 0.31, x + 0.31, color="white", linewidth=1.5)
    axes.set_title(title, color=colour, fontweight="bold")
    axes.set_xlabel("channel")
    axes.set_ylabel("post-LayerNorm activation (unitless)")
    axes.set_xlim(-1, len(x))
    ticks = x[:: max(1, len(x) // 8)]
    axes.set_xticks(ticks, [str(shown[tick]) for tick in ticks])
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)


def softmax_histogram(
    probabilities: "ArrayLike",
    scale: float,
    bits: int,
    *,
    zero_code: str = "top",
    title: str | None = None,
) -> "Figure":
    """Post-Softmax probabilities and the levels of the log2 and log√2 quantizers (Fig. 3).

    probabilities  float[...], each from 0 to 1
    scale          the quantizers' scale, 0 < scale <= 1: the value of code 0
    bits           width of the codes, 2 to 8
    zero_code      "top", "extra" or "none", as in :mod:`vit2rtl.golden.arithmetic.log_sqrt2`
    title          what the plot shows, by default computed

    Both axes are logarithmic. The hatched part becomes an exact zero: it lies below the last
    threshold of the log√2 quantizer.
    """
    values = np.asarray(probabilities, dtype=np.float64).ravel()
    if not values.size or not 0 <= values.min() <= values.max() <= 1:
        raise ValueError("Probabilities must be at least one number, each between 0 and 1")
    if not 0 < scale <= 1:
        raise ValueError(f"Scale must be above 0 and at most 1, not {scale!r}")
    count = code_count(bits, zero_code) - (zero_code != "none")
    levels = {
        "log2": scale * 2.0 ** -np.arange(count),
        "log√2": scale * 2.0 ** -(np.arange(count) / 2),
    }
    last = scale * 2.0 ** -((2 * count - 1) / 4) if zero_code != "none" else 0.0
    lowest = 2.0 ** max(np.floor(np.log2(levels["log√2"][-1])) - 8, LEAST_EXPONENT)
    title = title or _softmax_title(values, levels)
    with new_figure(title, height=4.8) as figure:
        top, rug = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        _draw_histogram(top, values, lowest, last)
        _draw_levels(rug, levels, lowest)
        if last > lowest:
            rug.barh(1, last - lowest, 0.8, lowest, **ZERO_REGION)
    return figure


def _softmax_title(values: np.ndarray, levels: Mapping[str, np.ndarray]) -> str:
    coarse, fine = ((level >= LARGE).sum() for level in levels.values())
    share = f"{(values < LARGE).mean():.1%} of the probabilities are below {LARGE}"
    if not coarse:
        return f"{share}; log√2 has two levels in every octave where log2 has one"
    return f"{share}; for the rest,\nlog√2 has {fine} levels where log2 has {coarse}"


def _draw_histogram(axes: "Axes", values: np.ndarray, lowest: float, last: float) -> None:
    edges = 2.0 ** np.arange(np.log2(lowest), 0.125, 0.125)
    counts, _ = np.histogram(values.clip(lowest, 1), edges)
    small = edges[:-1] * 2**0.0625 < LARGE
    for chosen, colour, label in (
        (small, GREEN, f"below {LARGE}: {(values < LARGE).mean():.2%} of the values"),
        (~small, ORANGE, f"{LARGE} and above: {(values >= LARGE).mean():.2%}"),
    ):
        left, width = edges[:-1][chosen], np.diff(edges)[chosen]
        axes.bar(left, counts[chosen], width * 0.92, align="edge", color=colour, label=label)
    if last > lowest:
        zero = values < last
        mass = values[zero].sum() / max(values.sum(), np.finfo(float).tiny)
        axes.axvspan(
            lowest,
            last,
            **ZERO_REGION,
            label=f"becomes zero: {zero.mean():.1%} of the values, {mass:.1%} of their sum",
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_ylim(0.7, counts.max() * 3)
    axes.set_ylabel("number of values")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)


def _draw_levels(axes: "Axes", levels: Mapping[str, np.ndarray], lowest: float) -> None:
    for row, (level, colour) in enumerate(zip(levels.values(), (VERMILION, BLUE), strict=True)):
        axes.vlines(level[level >= lowest], row - 0.36, row + 0.36, color=colour, linewidth=2)
    axes.set_yticks(range(len(levels)), [f"{name} levels" for name in levels])
    axes.set_ylim(-0.6, len(levels) - 0.4)
    axes.set_xlim(lowest, 1.1)
    axes.set_xlabel("post-Softmax probability (log scale)")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _power_of_two(value, lowest)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _power_of_two(value: float, lowest: float) -> str:
    """Label of a tick; the histogram's first bar holds everything below it as well."""
    power = f"$2^{{{round(np.log2(value))}}}$"
    return "1" if value == 1 else f"≤ {power}" if value == lowest else power


def _by_channel(activations: "ArrayLike") -> np.ndarray:
    values = np.asarray(activations, dtype=np.float64)
    if values.ndim < 2 or not values.size or not np.isfinite(values).all():
        raise ValueError("Activations must be finite, of at least two axes, and not empty")
    return values.reshape(-1, values.shape[-1])


def _extent(values: np.ndarray) -> Range:
    low, high = values.min(), values.max()
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _median_fill(values: np.ndarray, band: Range | None) -> float:
    """Part of the band that lies within the median channel's minimum and maximum."""
    low, high = band or _extent(values)
    return float(np.median(np.ptp(values.clip(low, high), axis=0)) / (high - low))
