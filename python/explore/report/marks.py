"""How a method is drawn, the same on the page and in the picture: a colour and a shape of its own.

The colours are Okabe and Ito's, darkest first; the shape alone tells methods apart, too.
"""

from collections.abc import Iterable
from typing import NamedTuple

from vit2rtl.report.plots import BLUE, GREEN, ORANGE, SKY, VERMILION

COLOURS = (BLUE, VERMILION, GREEN, "#CC79A7", ORANGE, "#222222", SKY)
# (Vega's name, matplotlib's, a character that looks like it); their number and that of the colours
# share no factor, so that 56 methods differ.
SHAPES = (
    ("circle", "o", "●"),
    ("square", "s", "■"),
    ("triangle-up", "^", "▲"),
    ("diamond", "D", "◆"),
    ("cross", "P", "✚"),
    ("triangle-down", "v", "▼"),
    ("triangle-right", ">", "►"),
    ("triangle-left", "<", "◄"),
)


class Mark(NamedTuple):
    """``colour`` in hexadecimal; ``shape`` of Vega; ``marker`` of matplotlib; ``glyph`` in text."""

    colour: str
    shape: str
    marker: str
    glyph: str


def marks(methods: Iterable[str]) -> dict[str, Mark]:
    """A mark for each method, in the order in which they come first."""
    names = dict.fromkeys(methods)
    return {
        name: Mark(COLOURS[n % len(COLOURS)], *SHAPES[n % len(SHAPES)])
        for n, name in enumerate(names)
    }
