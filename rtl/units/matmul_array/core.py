"""The array behind any control: codes and stationary operands in, accumulators of tiles out."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.stream.pipeline import PipelineControl, registered
from vit2rtl.rtl.units.matmul_array.accumulators import Accumulators
from vit2rtl.rtl.units.matmul_array.columns import DotColumn
from vit2rtl.rtl.units.matmul_array.dot_array import DotArray
from vit2rtl.rtl.units.matmul_array.loader import ColumnSums, StationaryLoader
from vit2rtl.rtl.units.matmul_array.sequence import Drain, PassSequencer

# An addend is there so many cycles after its row of accumulators is read.
_READ = 2
# Cycles from an addend to the result on offer: written, the bank full, read, and moved on.
_OUT = 4


class ArrayCore(wiring.Component):
    """Sums of codes times operands, tile after tile; where they come from is left to others.

    Latency from a tile's last row of codes ``latency``. Operands of one stationary tile and of one
    more column are taken ahead, also those of the next output tile.

    Parameters
    ----------
    columns : sequence of types of DotColumn
        See :mod:`~.forms`; they may be different ones.
    rows, base : int
        Operands of a column, bits of a code.
    acc_width, depth : int
        Bits of an accumulator, rows of a bank.
    k_tiles_width : int
        Bits of ``k_tiles``.
    factor_width : int
        Bits of ``factor``; 0 where operands come as signed digits without a zero point.

    Members
    -------
    i : In(stream of unsigned(base) × rows)
    i_operand : In(stream of digits × rows)
        Of a column; unsigned(base) with a factor, else signed(base + 1).
    o : Out(stream of {acc: signed(acc_width) × lanes, last: 1})
    tokens, k_tiles, two_code_digits, two_weight_digits : In
        Of the output tile whose codes come next.
    ends : Out(1)
        The last row of codes of an output tile is taken.
    last_column : Out(1)
        The column on ``i_operand`` is the last one of a stationary tile.
    zero_point, first, high, factor : In
        Only with a factor. With the column on ``i_operand``: its zero point, that its tile is the
        first one of an output tile, and that it has upper digits. ``factor``, which is multiplied
        by the sums of operands and subtracted, ``factor_delay`` cycles later.
    """

    def __init__(
        self, columns: Sequence[type[DotColumn]], *, rows: int, base: int, acc_width: int,
        depth: int, k_tiles_width: int, factor_width: int = 0,
    ) -> None:
        self.columns, self.rows, self.lanes, self.base = columns, rows, len(columns), base
        self.acc_width, self.depth = acc_width, depth
        self.k_tiles_width, self.factor_width = k_tiles_width, factor_width
        cycles = DotArray.latency(columns, rows=rows, base=base, correction=True)
        # So much later columns are summed up, that what is left of the sums before can be captured.
        self.sums_delay = cycles - 2 - ColumnSums.latency(rows)
        self.factor_delay = ColumnSums.latency(rows) - 2 + self.sums_delay
        digit = base if factor_width else signed(base + 1)
        result = {"acc": data.ArrayLayout(signed(acc_width), self.lanes), "last": 1}
        ports = {
            "i": In(stream.Signature(data.ArrayLayout(base, rows))),
            "i_operand": In(stream.Signature(data.ArrayLayout(digit, rows))),
            "o": Out(stream.Signature(data.StructLayout(result))),
            "tokens": In(range(depth + 1)),
            "k_tiles": In(k_tiles_width),
            "two_code_digits": In(1),
            "two_weight_digits": In(1),
            "ends": Out(1),
            "last_column": Out(1),
        }
        if factor_width:
            ports |= {
                "zero_point": In(base + 1), "first": In(1), "high": In(1),
                "factor": In(signed(factor_width)),
            }
        super().__init__(ports)

    @classmethod
    def latency(
        cls, columns: Sequence[type[DotColumn]], *, rows: int, base: int, correction: bool
    ) -> int:
        """Those of the dot products, then those of the accumulators and of their drain."""
        return DotArray.latency(columns, rows=rows, base=base, correction=correction) + _OUT

    def elaborate(self, platform: object) -> Module:
        m = Module()
        size = {"rows": self.rows, "base": self.base}
        codes = self.factor_width > 0
        m.submodules.sequencer = sequencer = PassSequencer(
            depth=self.depth, k_tiles_width=self.k_tiles_width
        )
        m.submodules.loader = loader = StationaryLoader(self.columns, **size, codes=codes)
        m.submodules.dots = dots = DotArray(
            self.columns, **size, acc_width=self.acc_width, correction=codes
        )
        taken = Signal()
        m.d.comb += [
            self.i.ready.eq(sequencer.ready),
            taken.eq(self.i.valid & sequencer.ready),
            sequencer.taken.eq(taken),
            sequencer.full.eq(loader.full),
            sequencer.tokens.eq(self.tokens),
            sequencer.k_tiles.eq(self.k_tiles),
            sequencer.two_code_digits.eq(self.two_code_digits),
            sequencer.two_weight_digits.eq(self.two_weight_digits),
            self.ends.eq(taken & sequencer.ends),
            loader.i.valid.eq(self.i_operand.valid),
            loader.i.payload.eq(self.i_operand.payload),
            self.i_operand.ready.eq(loader.i.ready),
            self.last_column.eq(loader.last),
            loader.swap.eq(sequencer.swap),
            dots.valid.eq(taken),
            dots.code.eq(self.i.payload),
            dots.digits.eq(sequencer.digits),
            dots.swap.eq(sequencer.swap),
            dots.operand.eq(loader.operand),
            dots.load.eq(loader.load),
        ]
        if codes:
            self._correct(m, sequencer, loader, dots)
        self._accumulate(m, sequencer, dots, taken)
        return m

    def _correct(
        self, m: Module, sequencer: PassSequencer, loader: StationaryLoader, dots: DotArray
    ) -> None:
        """Zero points: the operands' in the loader, the codes' by the columns' sums."""
        m.submodules.sums = sums = ColumnSums(
            rows=self.rows, lanes=self.lanes, base=self.base,
            factor_width=self.factor_width, acc_width=self.acc_width,
        )
        takes = loader.i.valid & loader.i.ready
        column: Value = Cat(
            loader.centered.as_value(),
            registered(m, self.first, takes, name="first_loaded"),
            registered(m, self.high, takes, name="high_loaded"),
        )
        taken = loader.taken
        for n in range(self.sums_delay):
            column = registered(m, column, taken, name=f"column_{n}")
            after = Signal(name=f"taken_{n}")
            m.d.sync += after.eq(taken)
            taken = after
        m.d.comb += [
            loader.zero_point.eq(self.zero_point),
            Cat(sums.i.as_value(), sums.first, sums.high).eq(column),
            sums.taken.eq(taken),
            sums.factor.eq(self.factor),
        ]
        # The first row for the last tile finds the sums whole; the next tile changes them in this
        # cycle, not before it. The pass that begins with it is the one that is corrected, whichever
        # digits it is of: of all others the correction is 0.
        begins, captures = Signal(dots.cycles - 2), Signal(dots.cycles - 2)
        m.d.sync += [
            begins.eq(Cat(sequencer.begins, begins)),
            captures.eq(Cat(sequencer.captures, captures)),
        ]
        correction = Signal(sums.sums.shape(), reset_less=True)
        with m.If(begins[-1]):
            m.d.sync += correction.eq(Mux(captures[-1], sums.sums, 0))
        m.d.comb += dots.correction.eq(correction)

    def _accumulate(
        self, m: Module, sequencer: PassSequencer, dots: DotArray, taken: Signal
    ) -> None:
        """Addends into the banks, full banks to the output."""
        m.submodules.accumulators = accumulators = Accumulators(
            lanes=self.lanes, acc_width=self.acc_width, depth=self.depth
        )
        m.submodules.banks = drain = Drain(depth=self.depth)
        m.submodules.control = control = PipelineControl(_READ)
        # Where a row of codes adds to, until its sums are there; that a tile ends, until it is
        # written.
        reads = dots.cycles - _READ
        follows = Signal(reads + Accumulators.CYCLES)
        m.d.sync += follows.eq(Cat(taken, follows))
        place: dict[str, Value] = {
            name: getattr(sequencer, name) for name in ("row", "bank", "first", "ends")
        }
        for stage, valid in enumerate([taken, *follows[:-1]]):
            if stage == reads:
                m.d.comb += accumulators.fill.eq(valid)
                for name in ("row", "bank", "first"):
                    m.d.comb += getattr(accumulators, name).eq(place.pop(name))
            place = {
                name: registered(m, value, valid, name=f"{name}_{stage}")
                for name, value in place.items()
            }
        m.d.comb += [
            accumulators.addend.eq(dots.sums),
            drain.tokens.eq(self.tokens),
            drain.begun.eq(sequencer.begun),
            drain.filled.eq(accumulators.written & place["ends"]),
            drain.given.eq(self.o.valid & self.o.ready & self.o.p.last),
            sequencer.free.eq(drain.free),
            control.i.valid.eq(drain.valid),
            control.i.payload.eq(drain.last),
            drain.ready.eq(control.i.ready),
            accumulators.reads.eq(control.i.ready & drain.valid),
            accumulators.moves.eq(control.enable[1]),
            accumulators.drain_row.eq(drain.row),
            accumulators.drain_bank.eq(drain.bank),
            self.o.valid.eq(control.o.valid),
            self.o.p.last.eq(control.o.payload),
            control.o.ready.eq(self.o.ready),
            self.o.p.acc.eq(accumulators.drained),
        ]
