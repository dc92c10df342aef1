"""A column of an array that multiplies W × A bits at once, in place of digits of one width."""

from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.matmul_array.lut_column import DotColumnLut

# Bits of an accumulator beyond those of a product: sums of 2,047 of them, as the digits' array has
# them at W4/A4.
_SUM_BITS = 12


class NativeColumn(wiring.Component):
    """Unsigned codes of A bits times signed operands of W + 1, the sum of a column accumulated.

    The array's own column of look-up tables, of whole codes and weights: operands double-buffered,
    codes in a register of the column's own, the adder of an accumulator behind the tree; no shift
    by digits. Its memory and the loader are elsewhere. W + 1 bits, since a weight of W bits comes
    less its zero point.

    Latency ``cycles`` from a row of codes to the sum that holds it, a row a cycle, no back
    pressure.

    Parameters
    ----------
    rows : int
        Products of a sum.
    weights, activations : int
        W and A, bits of a weight and of a code.

    Members
    -------
    code : In(unsigned(activations) × rows), valid : In(1)
    operand : In({value, triple} × rows), load : In(1), swap : In(1)
        See :class:`~vit2rtl.rtl.units.matmul_array.columns.DotColumn`; ``swap`` is in the cycle of
        the first code that the operands are for.
    kept : In(signed(W + A + 12)), adds : In(1)
        What is added to, as a memory gives it.
    total : Out(signed(W + A + 12))
    """

    def __init__(self, *, rows: int, weights: int, activations: int) -> None:
        self.rows, self.weights, self.activations = rows, weights, activations
        self.column = DotColumnLut(rows=rows, base=activations, operand_base=weights)
        self.cycles = 2 + DotColumnLut.cycles(rows, activations)
        acc = signed(weights + activations + _SUM_BITS)
        super().__init__({
            "code": In(data.ArrayLayout(activations, rows)),
            "valid": In(1),
            "operand": In(data.ArrayLayout(DotColumnLut.stored(weights), rows)),
            "load": In(1),
            "swap": In(1),
            "kept": In(acc),
            "adds": In(1),
            "total": Out(acc),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.column = column = self.column
        enable: Value = self.valid
        code = registered(m, self.code.as_value(), enable, name="codes")
        m.d.comb += [
            column.code.as_value().eq(code),
            column.operand.eq(self.operand),
            column.load.eq(self.load),
            column.swap.eq(self.swap),
        ]
        for stage in range(DotColumnLut.cycles(self.rows, self.activations)):
            occupied = Signal(name=f"occupied_{stage}")
            m.d.sync += occupied.eq(enable)
            m.d.comb += column.enable[stage].eq(occupied)
            enable = occupied
        with m.If(self.adds):
            m.d.sync += self.total.eq(self.kept + column.total)
        return m
