"""The softmax quantizer's lanes apart: each stage, and both around the ROM that they share."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.units import Instance
from vit2rtl.golden.units.unit import Parameters
from vit2rtl.rtl.synthesis.comparisons import HEAD, RULE, find, line
from vit2rtl.rtl.synthesis.references.reference import (
    Measurement,
    Reference,
    References,
    Rows,
)
from vit2rtl.rtl.units.softmax_quantizer.comparison import ComparisonLane
from vit2rtl.rtl.units.softmax_quantizer.exponential import ExponentialLane, ExponentialRom


def _defaults() -> Parameters:
    return Instance.of("softmax_quantizer").parameters


class ExponentialStage(ExponentialLane):
    """:class:`ExponentialLane` at the unit's defaults."""

    def __init__(self) -> None:
        super().__init__(_defaults())

    @classmethod
    def ports(cls, p: Parameters | None = None) -> wiring.Signature:
        """Signature at the defaults."""
        return super().ports(p or _defaults())


class ComparisonStage(ComparisonLane):
    """:class:`ComparisonLane` at the unit's defaults."""

    def __init__(self) -> None:
        super().__init__(_defaults())

    @classmethod
    def ports(cls, p: Parameters | None = None) -> wiring.Signature:
        """Signature at the defaults."""
        return super().ports(p or _defaults())


class BothStages(wiring.Component):
    """A lane of both stages and its ROM: ports of :class:`ExponentialLane` and, with ``_2`` behind
    the names, of :class:`ComparisonLane`, but for those between them and the ROM.
    """

    _INNER = ("address", "entry")

    def __init__(self) -> None:
        super().__init__(self.ports())

    @classmethod
    def ports(cls) -> wiring.Signature:
        """Signature at the defaults."""
        stages = (("", ExponentialStage.ports()), ("_2", ComparisonStage.ports()))
        return wiring.Signature({
            f"{name}{suffix}": (In if member.flow == In else Out)(member.shape)
            for suffix, ports in stages
            for name, member in ports.members.items() if name not in cls._INNER
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.exponential = exponential = ExponentialStage()
        m.submodules.comparison = comparison = ComparisonStage()
        m.submodules.rom = rom = ExponentialRom(_defaults())
        for suffix, stage in (("", exponential), ("_2", comparison)):
            for name, member in stage.ports().members.items():
                if name not in self._INNER:
                    outer, inner = getattr(self, f"{name}{suffix}"), getattr(stage, name)
                    m.d.comb += inner.eq(outer) if member.flow == In else outer.eq(inner)
        m.d.comb += [
            rom.address_1.eq(exponential.address),
            rom.address_2.eq(comparison.address),
            rom.enable[0].eq(exponential.enable[-1]),
            rom.enable[1].eq(comparison.enable[2]),
            exponential.entry.eq(rom.entry_1),
            comparison.entry.eq(rom.entry_2),
        ]
        return m


_LANES = ("softmax_exponential", "softmax_comparison", "softmax_lane")


def section(rows: Rows) -> list[str]:
    """Lines of the page."""
    stage_1, stage_2, both = (find(rows, name) for name in _LANES)
    unit = find(rows, "softmax_quantizer")
    lines = [line(REFERENCES.designs[name].title, find(rows, name), rows) for name in _LANES]
    return [
        "### Softmax, a lane at a time", "",
        "One query at the unit's defaults: 12-bit logits, a ROM of 256 mantissas of 17 fraction"
        " bits, sums of 256 tokens, 4-bit codes; without the unit's memories, thresholds and"
        " handshakes.", "",
        f"| lane | {HEAD} |", f"|---|{RULE}|", *lines, "",
        f"Stage 1 takes {stage_1['cells']['COMB']} COMB and a multiplier, stage 2 only"
        f" {stage_2['cells']['COMB']} and none: it reads the exponents that stage 1 has made, which"
        " have about as many bits as the logits, and compares them unshifted. Both read one block"
        f" RAM, a port each. The unit of one lane has {unit['cells']['COMB']} COMB: what is left"
        " are the two products a query, with one more multiplier however many lanes there are, and"
        " the memories in which groups wait. The slowest path of a lane is its multiplier block,"
        f" one unpipelined path: {both['fmax_mhz']:.0f} MHz.", "",
    ]


REFERENCES = References(
    designs={
        "softmax_exponential": Reference(ExponentialStage, "stage 1: exponent, term, sum"),
        "softmax_comparison": Reference(ComparisonStage, "stage 2: comparison with the keys"),
        "softmax_lane": Reference(BothStages, "both, with their ROM"),
    },
    measurements=tuple(Measurement(name, {}) for name in _LANES),
    section=section,
)
