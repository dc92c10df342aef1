"""How much each group's width matters: the noise of the logits when it alone has another width.

Noise is relative, ``10**(-dB/10)`` of the mean over images of each image's SQNR, and adds up over
groups. Each group is moved from an anchor, a setting with one width everywhere.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from vit2rtl.explore.mixed.groups import Group, Pair
from vit2rtl.explore.mixed.settings import Bench, Setting

# A group and what it is given.
Move = tuple[str, Pair]


@dataclass(frozen=True)
class Sensitivity:
    """Around one anchor.

    width    of the anchor's weights and activations
    anchor   its SQNR in dB
    moved    that of each move that was measured
    """

    width: int
    anchor: float
    moved: Mapping[Move, float]

    def added(self, group: Group, pair: Pair) -> float:
        """Noise that a move adds, as measured; weights and activations apart add up."""
        if pair == (self.width, self.width):
            return 0.0
        measured = self.moved.get((group.name, pair))
        if measured is not None:
            return noise(measured) - noise(self.anchor)
        weights, activations = pair
        return (self.added(group, (weights, self.width))
                + self.added(group, (self.width, activations)))

    def fitted(self, group: Group, pair: Pair) -> float:
        """The same as rounding errors have it: a factor's noise is four times less with each bit.

        One number a factor, by least squares over the group's moves: what is left of the many
        chances in each of them.
        """
        total = 0.0
        for moves, bits in self._factors(group, pair):
            steps = {(group.name, move): _step(bits_of - self.width) for move, bits_of in moves}
            squares = sum(step * step for step in steps.values())
            size = sum(step * (noise(self.moved[move]) - noise(self.anchor))
                       for move, step in steps.items())
            total += max(size / squares, 0.0) * _step(bits - self.width) if squares else 0.0
        return total

    def _factors(self, group: Group, pair: Pair) -> list[tuple[list[tuple[Pair, int]], int]]:
        """Moves that tell of a factor, with its bits in each, and its bits in this pair."""
        moves = [move for name, move in self.moved if name == group.name]
        if any(weights != activations for weights, activations in moves):
            return [([(move, move[n]) for move in moves if move[1 - n] == self.width], pair[n])
                    for n in (0, 1)]
        return [([(move, move[0]) for move in moves], pair[0])]

    def expected(self, group: Group, pair: Pair) -> float:
        """Half way between the two: chance in what is measured, error in what is fitted."""
        return (self.added(group, pair) + self.fitted(group, pair)) / 2

    def rows(self) -> list[dict[str, Any]]:
        """``group``, ``weights``, ``activations``, ``anchor``, ``sqnr_db`` and ``noise``: what the
        move adds to it."""
        return [{"group": name, "weights": weights, "activations": activations,
                 "anchor": f"w{self.width}a{self.width}", "sqnr_db": sqnr,
                 "noise": noise(sqnr) - noise(self.anchor)}
                for (name, (weights, activations)), sqnr in self.moved.items()]


def around(
    bench: Bench, width: int, widths: Iterable[int], *, apart: bool = False
) -> Sensitivity:
    """Measure the anchor and every move from it.

    width    of the anchor
    widths   that a group is moved to
    apart    weights and activations of a layer are moved each by themselves
    """
    moves = [(group, pair) for group in bench.groups
             for pair in moves_of(group, width, widths, apart=apart)]
    settings = [Setting(width, width), *(
        Setting(width, width, (group.rule(pair),)) for group, pair in moves)]
    anchor, *moved = (mean_db(ratios) for ratios in bench.measure(settings))
    return Sensitivity(width, anchor, {
        (group.name, pair): sqnr for (group, pair), sqnr in zip(moves, moved, strict=True)})


def moves_of(group: Group, width: int, widths: Iterable[int], *, apart: bool) -> list[Pair]:
    """What a group is moved to from an anchor: one factor at a time where they are apart."""
    pairs = group.pairs([*widths, width], apart=apart)
    if apart and group.weights and group.activations:
        pairs = [pair for pair in pairs if width in pair]
    return [pair for pair in pairs if pair != (width, width)]


def mean_db(ratios: Sequence[float]) -> float:
    """Of the images' ratios, in dB."""
    return fmean(ratios)


def noise(sqnr_db: float) -> float:
    """Relative power: 1 at 0 dB."""
    return 10 ** (-sqnr_db / 10)


def decibels(power: float) -> float:
    """The inverse of :func:`noise`; infinite where a prediction leaves no noise."""
    return -10 * math.log10(power) if power > 0 else math.inf


def _step(more_bits: int) -> float:
    """Noise that so many more bits add to a factor that has one unit of it."""
    return 4.0 ** -more_bits - 1
