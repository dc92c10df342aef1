"""The lane of the LayerNorm quantizer and its serial unit alone, beside R8 as it is written."""

from collections.abc import Mapping

from amaranth.hdl import Module, Mux, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.layernorm import FRACTION, MANTISSA_BITS
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.synthesis.comparisons import HEAD, RULE, find, line
from vit2rtl.rtl.synthesis.references.reference import (
    Bar,
    Measurement,
    Panel,
    Reference,
    References,
    Rows,
)
from vit2rtl.rtl.units.layernorm_quantizer.budget import AMOUNT_BITS, Budget
from vit2rtl.rtl.units.layernorm_quantizer.lane import LayerNormLane
from vit2rtl.rtl.units.layernorm_quantizer.root import ReciprocalRoot

_WIDTH, _CHANNELS, _BITS = 16, 192, 4  # of DeiT-Tiny at 4 bits
BUDGET = Budget(_WIDTH, _CHANNELS)
LANES = ("layernorm_lane", "layernorm_lane_direct")


class Lane(LayerNormLane):
    """The unit's lane, for 192 channels of 16 bits and codes of 4."""

    def __init__(self) -> None:
        super().__init__(BUDGET, _BITS)

    @classmethod
    def ports(cls, budget: Budget = BUDGET, bits: int = _BITS) -> wiring.Signature:
        return super().ports(budget, bits)


class Root(ReciprocalRoot):
    """The unit's serial root, for the same."""

    def __init__(self) -> None:
        super().__init__(BUDGET)

    @classmethod
    def ports(cls, budget: Budget = BUDGET) -> wiring.Signature:
        return super().ports(budget)


class DirectLane(wiring.Component):
    """R8 as it is written, a register after each operation: ``d = D x - S1``, then times r, G.

    Latency ``PIPELINE_CYCLES`` = 7; operands are due as ``STAGES`` says.

    Members
    -------
    enable : In(1)
    element, columns, total, mantissa, gain, amount, offset : In
        x, D, S1, r, G, the shift ``shift + k - 16`` and the offset with half a code.
    code : Out(4)
    """

    PIPELINE_CYCLES = 7
    STAGES: Mapping[str, int] = {
        "element": 0, "columns": 0, "total": 1, "mantissa": 2, "gain": 3, "amount": 4, "offset": 5}

    def __init__(self) -> None:
        super().__init__(self.ports())

    @classmethod
    def ports(cls) -> wiring.Signature:
        """Signature: operands as wide as those of the lane."""
        return wiring.Signature(
            {
                "enable": In(1),
                "element": In(BUDGET.element),
                "columns": In(BUDGET.columns),
                "total": In(BUDGET.total),
                "mantissa": In(unsigned(MANTISSA_BITS)),
                "gain": In(BUDGET.gain),
                "amount": In(AMOUNT_BITS),
                "offset": In(BUDGET.offset),
                "code": Out(_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()

        def after(value: Value, name: str) -> Value:
            return registered(m, value, self.enable, name=name)

        product = after(self.element * self.columns, "product")
        distance_bits = BUDGET.normal.width - MANTISSA_BITS
        distance = after((product - self.total)[:distance_bits].as_signed(), "distance")
        normal = after((distance * self.mantissa)[: BUDGET.normal.width].as_signed(), "normal")
        scaled = after((normal * self.gain)[: BUDGET.scaled.width].as_signed(), "scaled")
        shifted = after(scaled >> self.amount, "shifted")
        total = after(shifted + self.offset, "total")
        code = total >> FRACTION
        top = (1 << _BITS) - 1
        clipped = after(Mux(code < 0, 0, Mux(code > top, top, code[:_BITS])), "clipped")
        m.d.comb += self.code.eq(clipped)
        return m


def section(rows: Rows) -> list[str]:
    """Lines of the page."""
    lane, direct = (find(rows, source)["cells"] for source in LANES)
    root = find(rows, "layernorm_root")
    blocks = [find(rows, source, "xcup")["cells"]["DSP48"] for source in LANES]
    designs = (*LANES, "layernorm_root")
    lines = [line(_title(source), find(rows, source), rows) for source in designs]
    return [
        "### A lane of LayerNorm", "",
        "192 channels of 16 bits, gains of 17, offsets of 41, 4-bit codes; without valid bits."
        " *As written* is [the formula](units/layernorm_quantizer.md) with a register after each"
        " operation: the subtraction `D·x - S1` an element, a shift of the whole product."
        " The serial root is what a row needs once, whatever the number of lanes.", "",
        f"| data path | {HEAD} |", f"|---|{RULE}|", *lines, "",
        f"Two constants of a row in place of the subtraction save a multiplier block a lane"
        f" ({lane['MULT18']} against {direct['MULT18']}), sums of partial products with a register"
        " behind each and a shifter that drops the bits that no element can reach save"
        f" {direct['COMB'] - lane['COMB']} of {direct['COMB']} COMB. The root takes"
        f" {root['cells']['COMB']} COMB and {root['cells']['MULT18']} blocks, and"
        f" {ReciprocalRoot.INTERVAL} cycles a row. Where blocks multiply 27 × 18 bits, as on"
        f" UltraScale+, the lane takes {blocks[0]} of them and the formula as written {blocks[1]}.",
        "",
    ]


def panel(rows: Rows) -> Panel:
    """Bars of the chart."""
    bars = [Bar(_title(source), find(rows, source), source == LANES[0]) for source in LANES]
    ours, direct = (bar.row["cells"]["COMB"] for bar in bars)
    return Panel(
        "A lane of LayerNorm, 16 bits to 4",
        bars,
        f"A lane of LayerNorm: {ours} COMB; as written: {direct}",
    )


def _title(source: str) -> str:
    return REFERENCES.designs[source].title


REFERENCES = References(
    designs={
        "layernorm_lane": Reference(Lane, "the unit's lane"),
        "layernorm_lane_direct": Reference(DirectLane, "as written"),
        "layernorm_root": Reference(Root, "the unit's serial root"),
    },
    measurements=tuple(
        Measurement(source, {}) for source in (*LANES, "layernorm_root")
    ),
    section=section,
    panel=panel,
    beyond=("ice40",),
    limits=(
        "- A LayerNorm quantizer does not fit an iCE40 UP5K, whose 8 multiplier blocks are of"
        " 16 × 16 bits.",
    ),
)
