"""Lanes of attention × V as several methods quantize it: codes of b bits times v of b, centered.

All sum 197 elements and take one a cycle. What other lanes of their query or channel share comes
ready-made: a code's digits and shift, three times a value. A lane stands by itself, without what
drains it.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic import attention_value
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.synthesis.attention_value_codes import METHODS, Method
from vit2rtl.rtl.synthesis.comparisons import find
from vit2rtl.rtl.synthesis.references.reference import (
    Bar,
    Measurement,
    Panel,
    Reference,
    References,
    Rows,
)
from vit2rtl.rtl.synthesis.table import Row
from vit2rtl.rtl.units.attention_value.array import AttentionValueArray

TOKENS = 197  # of DeiT and ViT at 224 × 224 pixels
BITS = (4, 6, 8)
_LIMIT = 16  # a shift at most, as in R5
_REGION = 8  # PTQ4ViT: the upper region's scale is 2**8 times the lower one's
# The array in the table: a row of so many lanes.
ROW: dict[str, Any] = {"lanes": 16, "rows": 1, "bits": 4, "zero_code": "top", "value_bits": 4}


class MethodLane(wiring.Component):
    """A row's sum or two sums of b-bit codes times values of b + 1 bits.

    Latency ``steps``, a cycle for each addition, from the element to the sums that hold it; an
    element a cycle.

    Members
    -------
    value : In(signed(b + 1)), triple : In(signed(b + 3))
        Of an element, and three times as much.
    code : In(b)
        Of uniform codes.
    amount : In(unsigned), none : In(1), odd : In(1)
        Of logarithmic ones: how far to shift, nothing instead, the odd sum.
    first : In(1)
        It is the first of a row.
    enable : In(1)
        Everything moves by one cycle.
    total, or even and odd_total : Out(signed)
    """

    bits: int
    method: Method

    def __init__(self) -> None:
        super().__init__(self.ports())

    @classmethod
    def ports(cls) -> wiring.Signature:
        """Signature: sums as wide as a row needs."""
        sums = {name: Out(signed(width)) for name, width in cls.sums()}
        code = {"code": In(cls.bits), "triple": In(signed(cls.bits + 3))}
        if cls.method.kind in ("log2", "sqrt2"):
            most = max(sum(cls.factors(code)) for code in range(1 << cls.bits))
            code = {"amount": In(range(most.bit_length())), "none": In(1), "odd": In(1)}
        return wiring.Signature({
            "value": In(signed(cls.bits + 1)), **code, "first": In(1), "enable": In(1), **sums})

    @classmethod
    def factors(cls, code: int) -> tuple[int, ...]:
        """What a value of one adds to each sum."""
        kind, top = cls.method.kind, (1 << cls.bits) - 1
        if kind in ("written", "digits"):
            return (code,)
        if kind in ("twin", "pair"):
            small, upper = code & (top >> 1), code >> (cls.bits - 1)
            return ((small << _REGION * upper,) if kind == "twin"
                    else (0 if upper else small, small if upper else 0))
        if kind == "log2":
            last = min(top - 1, _LIMIT)
            return (0 if code > last else 1 << (last - code),)
        even, odd = attention_value.shifted_ones(cls.bits)[:, code].tolist()
        return even, odd

    @classmethod
    def sums(cls) -> tuple[tuple[str, int], ...]:
        """(name, bits) of each sum: of any codes, or of those of a softmax row with scale 1.

        The row's bound: probabilities add up to one. Uniform codes are off by half a unit each,
        logarithmic ones by half a step.
        """
        codes, reach = range(1 << cls.bits), 1 << cls.bits
        most = [TOKENS * max(parts) for parts in zip(*map(cls.factors, codes), strict=True)]
        if cls.method.bounded:
            if cls.method.kind == "sqrt2":
                most = [attention_value.bound(TOKENS, 1, bits=cls.bits, scale=1.0)] * 2
            elif cls.method.kind == "log2":
                most = [int(2**0.5 * cls.factors(0)[0])]
            else:
                most = [(1 << cls.bits) - 1 + TOKENS // 2]
        names = ("total",) if len(most) == 1 else ("even", "odd_total")
        return tuple((name, (m * reach).bit_length() + 1)
                     for name, m in zip(names, most, strict=True))

    @classmethod
    def steps(cls) -> int:
        """Cycles from an element to the sums that hold it."""
        digits = {"digits": cls.bits, "twin": cls.bits - 1, "pair": cls.bits - 1}
        return 2 + (digits.get(cls.method.kind, 2) - 1) // 2

    def elaborate(self, platform: object) -> Module:
        m = Module()
        kind, first, odd = self.method.kind, self.first, Const(0, 1)
        if kind == "written":
            term = self._after(m, self.code * self.value, "term")
        elif kind == "digits":
            term = self._digits(m, self.code)
        elif kind in ("twin", "pair"):
            term, odd = self._digits(m, self.code[:-1]), self.code[-1]
        else:
            shifted, odd = self.value << self.amount, self.odd
            width = len(self.value) + (1 << len(self.amount)) - 1
            term = self._after(m, Mux(self.none, Const(0, signed(width)), shifted), "term")
        for n in range(self.steps() - 1):
            first, odd = self._after(m, first, f"first_{n}"), self._after(m, odd, f"odd_{n}")
        if kind == "twin":
            term = Mux(odd, term << _REGION, term)
        self._add(m, term, first, odd)
        return m

    def _after(self, m: Module, value: Value, name: str) -> Signal:
        return registered(m, value, self.enable, name=name)

    def _digits(self, m: Module, code: Value) -> Signal:
        """Digits of two bits pick 0, v, 2 v or 3 v; one is added after the other."""
        multiples = (Const(0, 1), self.value, self.value << 1, self.triple)
        total = Signal(0)
        for place in range(0, len(code), 2):
            chosen = Signal(signed(self.bits + 3), name=f"chosen_{place}")
            with m.Switch(Cat(code[place : place + 2], Const(0, 2))[:2]):
                for digit, multiple in enumerate(multiples):
                    with m.Case(digit):
                        m.d.comb += chosen.eq(multiple)
            for n in range(max(place // 2, 1)):
                chosen = self._after(m, chosen, f"chosen_{place}_{n}")
            if place:
                chosen = self._after(m, total + (chosen << place), f"sum_{place}")
            total = chosen
        return total

    def _add(self, m: Module, term: Value, first: Value, odd: Value) -> None:
        """To the one sum, or to one of two, the other cleared with a row's first element."""
        sums = [getattr(self, name) for name, _ in self.sums()]
        before = sums[0] if len(sums) == 1 else Mux(odd, sums[1], sums[0])
        after = Signal(signed(max(map(len, sums))))
        m.d.comb += after.eq(Mux(first, 0, before) + term)
        if len(sums) == 1:
            with m.If(self.enable):
                m.d.sync += sums[0].eq(after)
            return
        for total, chosen in zip(sums, (~odd, odd), strict=True):
            with m.If(self.enable & first & ~chosen):
                m.d.sync += total.eq(0)
            with m.Elif(self.enable & chosen):
                m.d.sync += total.eq(after)


class AttentionValueRow(AttentionValueArray):
    """A row of the unit's array with what drains it: one query, 16 channels."""

    acc_width: int

    def __init__(self) -> None:
        super().__init__(ROW | {"acc_width": self.acc_width})

    @classmethod
    def ports(cls) -> wiring.Signature:
        """Signature."""
        return cls.signature_of(ROW | {"acc_width": cls.acc_width})


def _row_of(width: int) -> type[AttentionValueRow]:
    return type(f"Row{width}", (AttentionValueRow,), {"acc_width": width})


def _lane(name: str, bits: int) -> type[MethodLane]:
    return type(f"{name}_{bits}", (MethodLane,), {"method": METHODS[name], "bits": bits})


LANES = {f"av_{name}_{bits}": _lane(name, bits) for name in METHODS for bits in BITS}
ROWS = {f"attention_value_row_{width}": _row_of(width) for width in (13, 14)}


def section(rows: Rows) -> list[str]:
    """Lines of the page."""
    wide, narrow = (_comb(rows, f"attention_value_row_{bits}") for bits in (14, 13))
    clocks = " and ".join(f"{find(rows, name)['fmax_mhz']:.0f}" for name in ROWS)
    lanes = ROW["lanes"]
    comb = {name: [_comb(rows, f"av_{name}_{bits}") for bits in BITS] for name in METHODS}
    lines = [f"| {method.title} | {_widths(name)} | {_cells(rows, name)} |"
             for name, method in METHODS.items()]
    small, middle, large = (
        [comb[name][n] for name in ("log_sqrt2_bounded", "uniform_bounded")]
        for n in range(len(BITS)))
    return [
        "### Attention × V by method", "",
        "Codes of b bits times v of b bits, centered, so of b + 1; sums of 197 elements, an element"
        " a cycle, no multiplier blocks. What lanes of one query or channel share comes ready-made:"
        " how far to shift, and three times a value for multiplication by digits of two bits. The"
        " *row's bound* sizes a sum by what rows of a softmax allow whose largest level is 1,"
        " without it by 197 of the largest. Twin codes are PTQ4ViT's, two uniform ranges 2^8 apart;"
        " shifts of log codes end at 16, as in R5.", "",
        f"| lane | bits of the sums | {' | '.join(f'COMB, {b} bits' for b in BITS)}"
        f" | {' | '.join(f'MHz, {b}' for b in BITS)}"
        f" | {' | '.join(f'UltraScale+ LUTs, {b}' for b in BITS)} |",
        f"|---|---|{'---:|' * 9}", *lines, "",
        f"At 4 bits a log√2 lane takes {small[0]} COMB and a uniform one by digits {small[1]}, both"
        f" with the row's bound; {comb['log_sqrt2'][0]} and {comb['uniform_digits'][0]} without."
        f" At 6 bits it is {middle[0]} and {middle[1]}, since a shift by up to 16 has five levels"
        f" where it had three; at 8 bits {large[0]} and {large[1]}, or {comb['log_sqrt2'][-1]} and"
        f" {comb['uniform_digits'][-1]}. So what log√2 codes are worth is their accuracy at few"
        " bits, at the area of uniform codes, and not area.", "",
        f"The {comb['uniform'][0]} and {comb['uniform'][-1]} of the multiplication as it is written"
        " are what synthesis makes of `*`, and no property of uniform codes: so is most of the"
        " factor between the plain multiplication and the parity split of the section above, whose"
        " codes have 4 bits and whose values 8, where shifts are at their best. A shifter with sums"
        " of 20 bits (21 by the other rules of the zero code, whose H is 8) is about as large as"
        " digits; one with the 13 bits of the row's bound is smaller.", "",
        f"A lane of the unit with what drains it, in a row of {lanes}:"
        f" {narrow / lanes:.1f} COMB with sums of 13 bits, {wide / lanes:.1f} with 14,"
        f" no multiplier, {clocks} MHz. The requantizer behind it comes once for all lanes. In the"
        " tables of units a lane is a channel, and has four queries.", "",
    ]


def panel(rows: Rows) -> Panel:
    """Bars of the chart: lanes at 4 bits, those of log√2 codes ours."""
    names = ("log_sqrt2_bounded", "log_sqrt2", "uniform_bounded", "uniform_digits", "uniform")
    bars = [Bar(METHODS[name].title, _row(rows, f"av_{name}_4"), name.startswith("log_sqrt2"))
            for name in names]
    ours, digits = (bars[n].row["cells"]["COMB"] for n in (0, 2))
    return Panel(
        "A lane of attention × V at 4 bits, no multiplier blocks",
        bars,
        f"A lane of attention × V at 4 bits: {ours} COMB with log√2 codes, {digits} with uniform",
    )


def _comb(rows: Rows, source: str) -> int:
    return _row(rows, source)["cells"]["COMB"]


def _row(rows: Rows, source: str, device: str = "ecp5") -> Row:
    written = source in LANES and LANES[source].method.kind == "written"
    return find(rows, source, device, fabric=written)


def _widths(name: str) -> str:
    sums = [[str(width) for _, width in LANES[f"av_{name}_{bits}"].sums()] for bits in BITS]
    return ", ".join(" + ".join(widths) for widths in sums)


def _cells(rows: Rows, name: str) -> str:
    ours, others = (
        [_row(rows, f"av_{name}_{bits}", device) for bits in BITS] for device in ("ecp5", "xcup"))
    return " | ".join([
        *(f"**{row['cells']['COMB']}**" for row in ours),
        *(f"{row['fmax_mhz']:.0f}" for row in ours),
        *(str(row["cells"]["LUT"]) for row in others),
    ])


REFERENCES = References(
    designs={
        **{name: Reference(lane, lane.method.title) for name, lane in LANES.items()},
        **{name: Reference(row, f"a row of {ROW['lanes']} lanes, sums of {row.acc_width} bits")
           for name, row in ROWS.items()},
    },
    measurements=tuple(
        Measurement(name, {}, name in LANES and LANES[name].method.kind == "written")
        for name in (*LANES, *ROWS)
    ),
    section=section,
    panel=panel,
)
