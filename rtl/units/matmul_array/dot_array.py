"""Columns side by side: a row of codes in, a sum a column out, shifted to its place."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Member, Out

from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.matmul_array.columns import DotColumn, kept, latency


class DotArray(wiring.Component):
    """Columns, all on the same codes, and what makes addends of their sums.

    Stages: 0 codes, 1 codes again (so that many columns can be far away), then those of the
    columns, the shift by digits and, with ``correction``, a subtraction. Latency ``cycles``, a row
    a cycle, no back pressure.

    Parameters
    ----------
    columns : sequence of types of DotColumn
        Which may be different ones of the same latency.
    rows, base : int
        Operands of a column, bits of a code.
    acc_width : int
        Bits of an addend, in two's complement, wrapped.
    correction : bool
        Something is subtracted from the sums.

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
    correction : In(signed(acc_width) × lanes)
        Only with ``correction``: what is subtracted. It is read ``cycles - 1`` cycles after the
        code, in the last stage.
    """

    def __init__(
        self, columns: Sequence[type[DotColumn]], *, rows: int, base: int, acc_width: int,
        correction: bool,
    ) -> None:
        self.columns, self.rows, self.base = columns, rows, base
        self.corrects = correction
        self.cycles = self.latency(columns, rows=rows, base=base, correction=correction)
        self.layout = data.ArrayLayout(signed(acc_width), len(columns))
        ports = self.inputs(columns, rows=rows, base=base) | {"sums": Out(self.layout)}
        if correction:
            ports |= {"correction": In(self.layout)}
        super().__init__(ports)

    @classmethod
    def inputs(
        cls, columns: Sequence[type[DotColumn]], *, rows: int, base: int
    ) -> dict[str, Member]:
        """What goes in with and without a correction."""
        return {
            "code": In(data.ArrayLayout(base, rows)),
            "valid": In(1),
            "digits": In(2),
            "swap": In(1),
            "operand": In(data.ArrayLayout(kept(columns, base), rows)),
            "load": In(len(columns)),
        }

    @classmethod
    def latency(
        cls, columns: Sequence[type[DotColumn]], *, rows: int, base: int, correction: bool
    ) -> int:
        """Cycles from a row of codes to its sums."""
        return 2 + latency(columns, rows=rows, base=base) + 1 + correction

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

        size = latency(self.columns, rows=self.rows, base=self.base)
        digits: Value = self.digits
        for stage in range(2 + size):
            digits = registered(m, digits, valid[stage], name=f"digits_{stage}")
        for n, form in enumerate(self.columns):
            column = form(rows=self.rows, base=self.base)
            m.submodules[f"column_{n}"] = column
            m.d.comb += [
                column.code.eq(code),
                column.load.eq(self.load[n]),
                column.swap.eq(swap),
                column.enable.eq(occupied[1 : 1 + size]),
                self.sums[n].eq(
                    self._addend(m, n, column.total, digits, valid[2 + size :])),
            ]
            for row in range(self.rows):
                m.d.comb += [column.operand[row][name].eq(self.operand[row][name])
                             for name, _ in form.stored(self.base)]
        return m

    def _addend(
        self, m: Module, lane: int, total: Value, digits: Value, enable: list[Signal]
    ) -> Value:
        """A column's sum, shifted and corrected."""
        shifted = Signal(self.layout.elem_shape, name=f"shifted_{lane}")
        single = Mux(digits[0], total << self.base, total)
        m.d.comb += shifted.eq(Mux(digits[1], total << 2 * self.base, single))
        scaled = registered(m, shifted, enable[0], name=f"scaled_{lane}")
        if not self.corrects:
            return scaled
        addend = Signal(self.layout.elem_shape, name=f"addend_{lane}", reset_less=True)
        with m.If(enable[1]):
            m.d.sync += addend.eq(scaled - self.correction[lane])
        return addend
