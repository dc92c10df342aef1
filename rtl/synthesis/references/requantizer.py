"""The requantizer beside R1 as it is written, with three kinds of shift, and beside its peers."""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Value

from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.stream.stream_unit import Lane
from vit2rtl.rtl.synthesis.comparisons import HEAD, RULE, find, line
from vit2rtl.rtl.synthesis.references.reference import (
    Bar,
    Measurement,
    Panel,
    Peer,
    Reference,
    References,
    Rows,
)
from vit2rtl.rtl.units.requantizer import Requantizer

# Of a requantizer to 8 bits, from the most that an element can choose to nothing.
SHIFTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("run-time base, 3 bits above", {}),
    ("constant base, 3 bits above", {"shift_base": 20}),
    ("constant", {"shift_base": 20, "shift_width": 0}),
)
_KINDS = {"requantizer": "the unit", "requantizer_direct": "as written"}
_SHIFT_BITS = SHIFT_RANGE[1].bit_length()

_ITA = "pulp-platform/ITA ba96519, `src/ita_requantizer.sv`"
_CFU = "google/CFU-Playground 7f8ec41, `hps_accel` gen2 `post_process.py`"
_MNV2 = "google/CFU-Playground 7f8ec41, `mnv2_first` `post_process.py`"
_FINN = "Xilinx/finn 39f0c9a, `finn-rtllib/thresholding`"
PEERS = (
    Peer("ITA requantizer", "26 bits × u8, run-time shift, int8", _ITA,
         707, 46, 50, 2, 45.9, "2"),
    Peer("CFU-Playground post process", "bias, 32 × 32 bits, run-time shift, int8", _CFU,
         240, 175, 250, 4, 83.6, "7"),
    Peer("CFU-Playground, first version", "the same task", _MNV2,
         551, 200, 177, 4, 69.1, "4"),
    Peer("FINN thresholding", "24 bits to u4 by thresholds set at run time, one channel, with FIFO",
         _FINN, 277, 45, 257, 0, 155.9, "6", 18),
)


class DirectLane(Lane):
    """The formula of the requantizer as it is written, a register after each of its operations."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self.parameters["bits"]
        base = self.parameters["shift_base"]
        shift = Const(base, _SHIFT_BITS) if base else self.shift_base
        if "shift" in self.i.shape().members:
            shift = (shift + self.i.shift)[:_SHIFT_BITS]

        def after(stage: int, value: Value, name: str) -> Value:
            if isinstance(value, Const):
                return value
            return registered(m, value, self.enable[stage], name=f"{name}_{stage}")

        acc, multiplier = (after(0, x, "operand") for x in (self.i.acc, self.i.multiplier))
        shift = after(0, shift, "shift")
        product, shift = after(1, acc * multiplier, "product"), after(1, shift, "shift")
        half = (Const(1) << shift)[1 : SHIFT_RANGE[1] + 1]
        rounded, shift = after(2, product + half, "rounded"), after(2, shift, "shift")
        shifted = after(3, rounded >> shift, "shifted")
        total = after(4, shifted + self.zero_point, "total")
        top = (1 << bits) - 1
        code = Mux(total < 0, 0, Mux(total > top, top, total[:bits]))
        m.d.comb += self.o.code.eq(after(5, code, "code"))
        return m


class DirectRequantizer(Requantizer):
    """:class:`~vit2rtl.rtl.Requantizer` as R1 reads: a full-width shift, wide adders."""

    lane = DirectLane


def section(rows: Rows) -> list[str]:
    """Lines of the page."""
    lines = [line(f"{name} | {kind}", find(rows, source, bits=8, **parameters), rows)
             for name, parameters in SHIFTS for source, kind in _KINDS.items()]
    comb = [find(rows, "requantizer", bits=8, **p)["cells"]["COMB"] for _, p in SHIFTS]
    direct = find(rows, "requantizer_direct", bits=8)
    return [
        "### Requantizer: run-time, windowed and constant shift", "",
        "27-bit accumulator, 16-bit multiplier, 8-bit code. *As written* is"
        " [the formula](units/requantizer.md) with a register after each operation and the same"
        " latency: rounding constant added before the shift, a shift of the whole product,"
        " saturation at the end.", "",
        f"| shift | data path | {HEAD} |", f"|---|---|{RULE}|", *lines, "",
        f"A base set at run time needs the whole shifter: {comb[0]} COMB; three bits above a"
        f" constant base take {comb[1]}, a constant shift {comb[2]}. The formula as written takes"
        f" {direct['cells']['COMB']} COMB and reaches {direct['fmax_mhz']:.0f} MHz with a run-time"
        " shift. The unit keeps one fraction bit and rounds after the shift, drops the upper bits"
        " that saturation does not need as it shifts, and adds zero point and rounding in one"
        " short adder.", "",
    ]


def panel(rows: Rows) -> Panel:
    """Bars of the chart."""
    bars = [Bar(f"{name}, {kind}", find(rows, source, bits=8, **parameters),
                source == "requantizer")
            for source, kind in _KINDS.items() for name, parameters in SHIFTS]
    ours, direct = (bars[n].row["cells"]["COMB"] for n in (0, len(SHIFTS)))
    return Panel(
        "Requantizer, 27 bits to 8",
        bars,
        f"Requantizer with a run-time shift: {ours} COMB; as written: {direct}",
    )


REFERENCES = References(
    designs={"requantizer_direct": Reference(DirectRequantizer, "as written", "requantizer")},
    variants=(
        *({"bits": 8, **shift} for _, shift in SHIFTS),
        {"acc_width": 18, "shift_base": 24, "shift_width": 0},
    ),
    measurements=tuple(
        Measurement("requantizer_direct", {"bits": 8, **shift}) for _, shift in SHIFTS
    ),
    section=section,
    panel=panel,
    peers=PEERS,
    example="requantizer --lanes 1 --bits 8 --shift-base 20",
    limits=(
        "- The units split a product for 18 × 18 blocks. A DSP48E2 multiplies 27 × 18: there the "
        "27-bit\n  requantizer takes two where one could do.",
    ),
)
