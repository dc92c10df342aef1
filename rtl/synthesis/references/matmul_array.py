"""A column of the matmul array, 16 multiply-accumulate lanes, in both forms and as written."""

from functools import reduce
from operator import add

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Member, Out

from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.synthesis.comparisons import find
from vit2rtl.rtl.synthesis.references.reference import (
    Measurement,
    Reference,
    References,
    Rows,
)
from vit2rtl.rtl.units.matmul_array.columns import DotColumn
from vit2rtl.rtl.units.matmul_array.dot_array import DotArray
from vit2rtl.rtl.units.matmul_array.lut_column import DotColumnLut
from vit2rtl.rtl.units.matmul_array.packed_column import DotColumnPacked

ROWS, BASE, ACC_WIDTH = 16, 4, 20


class MacColumn(wiring.Component):
    """A column, with the adder of its accumulators.

    Latency from a row of codes to the sum that holds it: that of the column, 1 more for the
    accumulators' adder. A row a cycle, no back pressure, as in the array.

    Members
    -------
    code, valid, digits, swap, operand, load : In
        Those of :class:`~vit2rtl.rtl.units.matmul_array.dot_array.DotArray`.
    kept : In(signed), adds : In(1)
        What is added to, as a memory gives it.
    total : Out(signed)
    """

    column: type[DotColumn]

    def __init__(self) -> None:
        super().__init__(self.ports())

    @classmethod
    def _inputs(cls) -> dict[str, Member]:
        return DotArray.inputs([cls.column], rows=ROWS, base=BASE)

    @classmethod
    def ports(cls) -> wiring.Signature:
        """Signature: that of the column, and its accumulators."""
        acc = signed(ACC_WIDTH)
        ends = {"kept": In(acc), "adds": In(1), "total": Out(acc)}
        return wiring.Signature({**cls._inputs(), **ends})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dots = dots = DotArray(
            [self.column], rows=ROWS, base=BASE, acc_width=ACC_WIDTH, correction=False
        )
        m.d.comb += [getattr(dots, name).eq(getattr(self, name)) for name in self._inputs()]
        with m.If(self.adds):
            m.d.sync += self.total.eq(self.kept + dots.sums[0])
        return m


class LutColumn(MacColumn):
    """Digits of two bits, multiplexers, a tree a digit."""

    column = DotColumnLut


class PackedColumn(MacColumn):
    """Two rows in a multiplier block."""

    column = DotColumnPacked


class DirectDotColumn(DotColumn):
    """A column as one would write it: products, and their sum in one statement."""

    @classmethod
    def cycles(cls, rows: int, base: int) -> int:
        return 2

    @classmethod
    def stored(cls, base: int) -> data.StructLayout:
        return data.StructLayout({"value": signed(base + 1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        products = []
        for row in range(self.rows):
            product = self._active(m, row).value * self.code[row]
            products.append(registered(m, product, self.enable[0], name=f"product_{row}"))
        total = Signal(signed(self.sum_width), reset_less=True)
        with m.If(self.enable[1]):
            m.d.sync += total.eq(reduce(add, products))
        m.d.comb += self.total.eq(total)
        return m


class DirectColumn(MacColumn):
    """The column as written, without multiplier blocks."""

    column = DirectDotColumn


class ShiftAddDotColumn(DirectDotColumn):
    """The code's bits choose shifted operands; every addition has a register behind it."""

    @classmethod
    def cycles(cls, rows: int, base: int) -> int:
        return (base - 1).bit_length() + (rows - 1).bit_length()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        products = []
        stage = 0
        for row in range(self.rows):
            operand = self._active(m, row).value
            terms: list[Value] = [
                Mux(self.code[row][bit], operand, 0) for bit in range(self.base)
            ]
            shift, stage = 1, 0
            while len(terms) > 1:
                terms = [
                    registered(m, self._joined(low, high, shift), self.enable[stage],
                               name=f"product_{row}_{stage}_{n}")
                    for n, (low, high) in enumerate(zip(terms[::2], terms[1::2], strict=True))
                ]
                shift, stage = 2 * shift, stage + 1
            products.append(terms[0])
        total, _ = self._tree(m, products, self.reach(), stage, "sum")
        m.d.comb += self.total.eq(total)
        return m

    def _joined(self, low: Value, high: Value, shift: int) -> Value:
        """Two terms, the upper one shifted, by an adder of the bits that overlap."""
        return Cat(low[:shift], (low >> shift) + high).as_signed()


class ShiftAddColumn(MacColumn):
    """The column by shifts and additions, one each for a bit of the code."""

    column = ShiftAddDotColumn


DESIGNS: dict[str, tuple[type[MacColumn], str, bool]] = {
    "mac_column_lut": (LutColumn, "the array's, form `lut`", False),
    "mac_column_packed": (PackedColumn, "the array's, form `packed`", False),
    "mac_column_shift_add": (ShiftAddColumn, "a shift and an addition a bit", False),
    "mac_column_direct": (DirectColumn, "as written, without blocks", True),
}


def section(rows: Rows) -> list[str]:
    """Lines of the page."""
    lines = []
    for name, (_, title, fabric) in DESIGNS.items():
        row = find(rows, name, fabric=fabric)
        luts = find(rows, name, "xcup", fabric=fabric)["cells"]["LUT"]
        cells = [row["cells"][kind] / ROWS for kind in ("COMB", "FF", "MULT18")]
        lines.append(
            f"| {title} | {ROWS} | **{cells[0]:.1f}** | {cells[1]:.1f} | {cells[2]:g} |"
            f" {row['fmax_mhz']:.0f} | {luts / ROWS:.1f} |"
        )
    lut, packed, _, direct = (
        find(rows, name, fabric=fabric)["cells"]["COMB"] / ROWS
        for name, (_, _, fabric) in DESIGNS.items()
    )
    return [
        "### A multiply-accumulate lane of the matmul array", "",
        f"Columns of {ROWS} lanes: unsigned {BASE}-bit codes times signed {BASE + 1}-bit weights,"
        f" weights double-buffered, the shift by digits and the adder of a {ACC_WIDTH}-bit"
        " accumulator included; without its memory and without the loader, which all columns share."
        " Cells are of one lane.", "",
        "| column | lanes | COMB | FF | MULT18 | MHz | LUTs on UltraScale+ |",
        "|---|---:|---:|---:|---:|---:|---:|", *lines, "",
        f"An adder is a carry chain where its statement has a register behind it: {lut:.1f} COMB a"
        f" lane against {direct:.1f} for products and sums as written. Codes are taken as digits of"
        " two bits, and digits are summed up over the column before they are put together, so that"
        " the adders of the product are there once a column and not once a lane. Two rows that"
        f" share a multiplier block, which adds their products, take {packed:.1f} COMB and half a"
        " block a lane; the blocks set their clock.", "",
    ]


REFERENCES = References(
    designs={name: Reference(component, title) for name, (component, title, _) in DESIGNS.items()},
    measurements=tuple(Measurement(name, {}, fabric) for name, (_, _, fabric) in DESIGNS.items()),
    section=section,
)
