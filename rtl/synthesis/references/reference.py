"""What a unit is compared with in the table of areas: designs, rows, words and a chart's bars."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from amaranth.lib import wiring

from vit2rtl.golden.units.unit import Parameters
from vit2rtl.rtl.synthesis.table import Row

Rows = Sequence[Row]


@dataclass(frozen=True)
class Reference:
    """A design that is no unit of ours.

    component  made with all parameters of the unit, by name; with none where there is no unit, and
               then its class method ``ports()`` is its signature
    title      what it does, in words
    unit       name of the unit whose ports, parameters and golden function it has
    """

    component: type[wiring.Component]
    title: str
    unit: str | None = None


class Measurement(NamedTuple):
    """What is measured for a comparison, at one lane; ``fabric``: without blocks."""

    source: str
    parameters: Parameters
    fabric: bool = False


class Bar(NamedTuple):
    """A design in the chart; ``ours`` where it is what we build."""

    label: str
    row: Row
    ours: bool


@dataclass(frozen=True)
class Panel:
    """A comparison in the chart. ``headline`` is the chart's where this panel is the first."""

    title: str
    bars: Sequence[Bar]
    headline: str

    @property
    def gain(self) -> float:
        """COMB of the largest of the others, divided by that of the largest of ours."""
        ours, others = (max(bar.row["cells"]["COMB"] for bar in self.bars if bar.ours == side)
                        for side in (True, False))
        return others / ours


class Peer(NamedTuple):
    """A block of another project, measured once from its sources on ECP5."""

    name: str
    what: str
    source: str
    lut4: int
    ccu2c: int
    ff: int
    mult18: int
    mhz: float
    latency: str
    dpr16x4: int = 0

    @property
    def comb(self) -> int:
        return self.lut4 + 2 * self.ccu2c + 6 * self.dpr16x4


@dataclass(frozen=True)
class References:
    """A comparison of the area table, as a rule a unit's; all of it may be empty.

    designs       what it is compared with, by name
    variants      parameters that are measured beside the unit's defaults, at one lane
    measurements  what stands beside the unit's own rows
    section       rows of a whole table -> lines of the page, from its heading on
    panel         rows of a whole table -> what the chart shows
    peers         blocks of other projects that do what the unit does
    example       options of ``vit2rtl synthesize`` that the page shows
    limits        items of the page's list of limits
    beyond        devices that cannot hold the unit: it has no rows there
    """

    designs: Mapping[str, Reference] = field(default_factory=dict)
    variants: tuple[Parameters, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    section: Callable[[Rows], list[str]] | None = None
    panel: Callable[[Rows], Panel] | None = None
    peers: tuple[Peer, ...] = ()
    example: str = ""
    limits: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
