"""What fills the columns' shadows: operands as they are kept, and the sums of them."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.matmul_array.columns import DotColumn, kept


class StationaryLoader(wiring.Component):
    """Takes operands column after column, makes the multiples that columns keep, fills the shadows.

    Two register stages: operands less their zero point; of each, what the columns keep. A column's
    shadow has its operands three cycles after their beat. One beat a cycle; the first column of the
    next tile waits in the first stage until ``swap``, and moves on in the cycle behind it: tiles
    are ``columns + 1`` cycles apart.

    Parameters
    ----------
    columns : sequence of types of DotColumn
        The columns that are filled.
    rows, base : int
        Operands of a column, bits of a code.
    codes : bool
        Operands come as unsigned digits, and their zero point is subtracted here; else as signed
        ones.

    Members
    -------
    i : In(stream of operands × rows)
        Of one column, the first one first.
    zero_point : In(base + 1)
        Only with ``codes``: of the column's operands.
    operand : Out(what the columns keep, × rows), load : Out(columns)
        To the columns; one bit of ``load`` a beat. ``value`` is the operand, ``triple`` three times
        it, ``lent`` the operand, in an even row less 1 where that of the row above it is negative.
    last : Out(1)
        The next beat is that of the last column.
    full : Out(1)
        All shadows are filled by the time at which a ``swap`` of this cycle reaches them.
    swap : In(1)
        The columns take their shadows.
    centered : Out(signed(base + 1) × rows), taken : Out(1)
        Operands less their zero point, and that they move on: once for every beat.
    """

    def __init__(
        self, columns: Sequence[type[DotColumn]], *, rows: int, base: int, codes: bool
    ) -> None:
        self.columns, self.lanes = columns, len(columns)
        self.rows, self.base, self.codes = rows, base, codes
        digit = base if codes else signed(base + 1)
        ports = {
            "i": In(stream.Signature(data.ArrayLayout(digit, rows))),
            "operand": Out(data.ArrayLayout(kept(columns, base), rows)),
            "load": Out(self.lanes),
            "last": Out(1),
            "full": Out(1),
            "swap": In(1),
            "centered": Out(data.ArrayLayout(signed(base + 1), rows)),
            "taken": Out(1),
        }
        super().__init__(ports | ({"zero_point": In(base + 1)} if codes else {}))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        turn = Signal(self.lanes, init=1)  # the column whose beat comes next
        centered = Signal(self.lanes)  # the column whose operands are centered
        there, waits = Signal(), Signal()
        takes = Signal()
        m.d.comb += [
            self.last.eq(turn[-1]),
            waits.eq(there & centered[0] & self.full),
            self.i.ready.eq(~waits),
            takes.eq(self.i.valid & self.i.ready),
            self.taken.eq(there & ~waits),
        ]
        m.d.sync += [there.eq(takes | waits), self.load.eq(Mux(self.taken, centered, 0))]
        with m.If(takes):
            m.d.sync += [turn.eq(turn.rotate_left(1)), centered.eq(turn)]
        with m.If(self.swap):
            m.d.sync += self.full.eq(0)
        with m.If(self.taken & centered[-1]):
            m.d.sync += self.full.eq(1)
        for row in range(self.rows):
            given = self.i.payload[row]
            with m.If(takes):
                m.d.sync += self.centered[row].eq(
                    given - self.zero_point if self.codes else given)
            with m.If(self.taken):
                m.d.sync += [self.operand[row][name].eq(self._multiple(m, row, name))
                             for name, _ in kept(self.columns, self.base)]
        return m

    def _multiple(self, m: Module, row: int, name: str) -> Value:
        """What columns keep of an operand by this name."""
        centered = self.centered[row]
        match name:
            case "value":
                return centered
            case "triple":
                # The lowest bit of three times a number is that of the number.
                upper = Signal(signed(self.base + 2), name=f"upper_{row}")
                m.d.comb += upper.eq((centered >> 1) + centered)
                return Cat(centered[0], upper).as_signed()
            case "lent":
                above = self.centered[row + 1] if row % 2 == 0 and row + 1 < self.rows else None
                return centered if above is None else centered - above[-1]
            case _:
                raise ValueError(f"The loader makes no {name!r}: add it in loader.py")


class ColumnSums(wiring.Component):
    """A factor times the sum of each column's operands, over all tiles of an output tile.

    The columns come one after the other, again and again: their sums go round in a ring of
    registers, one adder for all of them. A column's place has the sum ``latency`` cycles after its
    operands; after whole tiles column n is in place n.

    Members
    -------
    i : In(signed(base + 1) × rows), taken : In(1)
        A column's operands.
    first : In(1)
        They are of the first tile: what the ring has is forgotten.
    high : In(1)
        They are upper digits.
    factor : In(signed(factor_width))
    sums : Out(signed(acc_width) × lanes)
        In two's complement, wrapped.
    """

    def __init__(
        self, *, rows: int, lanes: int, base: int, factor_width: int, acc_width: int
    ) -> None:
        self.rows, self.lanes, self.base, self.acc_width = rows, lanes, base, acc_width
        self.levels = (rows - 1).bit_length()
        super().__init__(
            {
                "i": In(data.ArrayLayout(signed(base + 1), rows)),
                "taken": In(1),
                "first": In(1),
                "high": In(1),
                "factor": In(signed(factor_width)),
                "sums": Out(data.ArrayLayout(signed(acc_width), lanes)),
            }
        )

    @classmethod
    def latency(cls, rows: int) -> int:
        """Cycles from a column's operands to its sum in the ring."""
        return (rows - 1).bit_length() + 3

    def elaborate(self, platform: object) -> Module:
        m = Module()
        control = Cat(self.taken, self.first, self.high)
        sums, count = [self.i[row] for row in range(self.rows)], 1
        for level in range(self.levels):
            count = min(2 * count, self.rows)
            shape = signed(width(-count << self.base, count * ((1 << self.base) - 1)))
            pairs = [sums[n : n + 2] for n in range(0, len(sums), 2)]
            sums = []
            for n, pair in enumerate(pairs):
                total = Signal(shape, name=f"level_{level}_{n}", reset_less=True)
                with m.If(control[0]):
                    m.d.sync += total.eq(pair[0] + pair[1] if len(pair) > 1 else pair[0])
                sums.append(total)
            control = self._follow(m, control, f"control_{level}")
        product = registered(m, sums[0] * self.factor, control[0], name="product")
        control = self._follow(m, control, "control_product")
        shape = signed(self.acc_width)
        scaled = Signal(shape, reset_less=True)
        with m.If(control[0]):
            m.d.sync += scaled.eq(Mux(control[2], product << self.base, product))
        control = self._follow(m, control, "control_scaled")
        kept = Mux(control[1], 0, self.sums[0])
        with m.If(control[0]):
            for n in range(self.lanes - 1):
                m.d.sync += self.sums[n].eq(self.sums[n + 1])
            m.d.sync += self.sums[self.lanes - 1].eq(kept + scaled)
        return m

    def _follow(self, m: Module, control: Cat, name: str) -> Signal:
        """The control bits a stage on; that they mean something is cleared by reset."""
        after = Signal(len(control), name=name)
        m.d.sync += after.eq(control)
        return after
