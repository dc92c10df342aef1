"""Columns side by side: a row of codes in, a sum a column out, shifted to its place."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Member, Out

from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.matmul_array.columns import DotColumn


class DotArray(wiring.Component):
    """``lanes`` columns, all on the same codes, and what makes addends of their sums.

    Stages: 0 codes, 1 codes again (so that many columns can be far away), then those of the
    columns, the shift by digits and, with ``correction``, a subtraction. Latency ``cycles``, a row
    a cycle, no back pressure.

    Parameters
    ----------
    column : type of DotColumn
    rows, lanes, base : int
        Operands of a column, columns, bits of a code.
    acc_width : int
        Bits of an addend, in two's complement, wrapped.
    correction : bool
        Something is subtracted from the sums of some rows.

    Members
    -------
    code : In(unsigned(base) × rows), valid : In(1)
    digits : In(2)
        How many digits the sums are shifted by: 0, 1 or 2.
    swap : In(1)
        This code is the first one for the operands in the shadows.
    operand : In(what the columns keep, × rows), load : In(lanes)
        See :class:`~.columns.DotColumn`.
    sums : Out(signed(acc_width) × lanes)
    correction : In(signed(acc_width) × lanes), corrected : In(1)
        Only with ``correction``: what is subtracted where ``corrected`` comes with the code. It is
        read ``cycles - 1`` cycles after the code, at the end of the stage before the last one.
    """

    def __init__(
        self, column: type[DotColumn], *, rows: int, lanes: int, base: int, acc_width: int,
        correction: bool,
    ) -> None:
        self.column, self.rows, self.lanes, self.base = column, rows, lanes, base
        self.corrects = correction
        self.cycles = self.latency(column, rows=rows, base=base, correction=correction)
        self.layout = data.ArrayLayout(signed(acc_width), lanes)
        ports = self.inputs(column, rows=rows, lanes=lanes, base=base) | {"sums": Out(self.layout)}
        if correction:
            ports |= {"correction": In(self.layout), "corrected": In(1)}
        super().__init__(ports)

    @classmethod
    def inputs(
        cls, column: type[DotColumn], *, rows: int, lanes: int, base: int
    ) -> dict[str, Member]:
        """What goes in with and without a correction."""
        return {
            "code": In(data.ArrayLayout(base, rows)),
            "valid": In(1),
            "digits": In(2),
            "swap": In(1),
            "operand": In(data.ArrayLayout(column.stored(base), rows)),
            "load": In(lanes),
        }

    @classmethod
    def latency(cls, column: type[DotColumn], *, rows: int, base: int, correction: bool) -> int:
        """Cycles from a row of codes to its sums."""
        return 2 + column.cycles(rows, base) + 1 + correction

    def elaborate(self, platform: object) -> Module:
        m = Module()
        occupied = Signal(self.cycles - 1)  # bit n: stage n has a row
        m.d.sync += occupied.eq(Cat(self.valid, occupied))
        valid = [self.valid, *occupied]
        code = self.code
        for stage in range(2):
            held = Signal(code.shape(), name=f"code_{stage}", reset_less=True)
            with m.If(valid[stage]):
                m.d.sync += held.eq(code)
            code = held
        swap = Signal()
        m.d.sync += swap.eq(self.swap)

        size = self.column.cycles(self.rows, self.base)
        control: Value = Cat(self.digits, self.corrected) if self.corrects else self.digits
        for stage in range(2 + size):
            control = registered(m, control, valid[stage], name=f"control_{stage}")
        sums: list[Value] = []
        count = self.column.COLUMNS
        for n, start in enumerate(range(0, self.lanes, count)):
            column = self.column(rows=self.rows, base=self.base)
            m.submodules[f"column_{n}"] = column
            m.d.comb += [
                column.code.eq(code),
                column.operand.eq(self.operand),
                column.load.eq(self.load[start : start + count]),
                column.swap.eq(swap),
                column.enable.eq(occupied[1 : 1 + size]),
            ]
            sums += [column.sums[k] for k in range(min(count, self.lanes - start))]
        for n, total in enumerate(sums):
            m.d.comb += self.sums[n].eq(self._addend(m, n, total, control, valid[2 + size :]))
        return m

    def _addend(
        self, m: Module, lane: int, total: Value, control: Value, enable: list[Signal]
    ) -> Value:
        """A column's sum, shifted, and corrected where that is asked for."""
        shifted = Signal(self.layout.elem_shape, name=f"shifted_{lane}")
        single = Mux(control[0], total << self.base, total)
        m.d.comb += shifted.eq(Mux(control[1], total << 2 * self.base, single))
        scaled = registered(m, shifted, enable[0], name=f"scaled_{lane}")
        if not self.corrects:
            return scaled
        corrected = registered(m, control[2], enable[0], name=f"corrected_{lane}")
        addend = Signal(self.layout.elem_shape, name=f"addend_{lane}", reset_less=True)
        left = self.correction[lane] & corrected.replicate(self.layout.elem_shape.width)
        with m.If(enable[1]):
            m.d.sync += addend.eq(scaled - left.as_signed())
        return addend
