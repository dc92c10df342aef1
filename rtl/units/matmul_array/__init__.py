"""Weight-stationary array: dot-product columns, accumulators in two banks, tiles by streams."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream

from vit2rtl.rtl.stream.pipeline import PipelineControl, registered
from vit2rtl.rtl.stream.stream_unit import UnitComponent
from vit2rtl.rtl.units.matmul_array.accumulators import Accumulators
from vit2rtl.rtl.units.matmul_array.columns import FORMS
from vit2rtl.rtl.units.matmul_array.dot_array import DotArray
from vit2rtl.rtl.units.matmul_array.loader import ColumnSums, StationaryLoader
from vit2rtl.rtl.units.matmul_array.sequence import Drain, PassSequencer, TileCounter

# An addend is there so many cycles after its row of accumulators is read.
_READ = 2
# Cycles from an addend to the result on offer: written, the bank full, read, and moved on.
_OUT = 4


class MatmulArray(UnitComponent):
    """Codes times stationary operands, summed up exactly over tiles and digits.

    Equals :func:`vit2rtl.golden.arithmetic.matmul.product`, the sums in two's complement of
    ``acc_width`` bits; how digits and tiles follow each other is what
    :mod:`vit2rtl.golden.units.matmul_array` says.

    Latency from a tile's last beat of codes: ``ceil(log2(rows)) + 8`` cycles in the form ``lut`` at
    a base of 4, one more in the form ``packed``, with weights that are codes, and where a base
    needs more than two digits of two bits. A beat of codes a cycle as long as a pass has at least
    4 tokens, and not fewer than the ``lanes + 3`` cycles in which a stationary tile loads. While a
    stalled ``o`` holds one tile, the next one is computed; then ``i`` stalls. Operands of one
    stationary tile are taken ahead. ``last`` of the streams that enter is not looked at; reset
    discards what is inside.

    Parameters
    ----------
    lanes : int
        Columns, 1 to 64.
    rows : int
        Operands of a column, 1 to 64; 18 at most in the form ``packed``.
    base : int
        Bits of a digit of a code, 4 to 8; 4 in the form ``packed``.
    lane : str
        ``"lut"``, or ``"packed"``: two columns share multiplier blocks, see
        :mod:`vit2rtl.rtl.units.matmul_array.columns`.
    weights : str
        ``"signed"`` digits as they are, or ``"codes"``: unsigned ones with a zero point.
    acc_width : int
        Bits of an accumulator, 8 to 32.
    depth : int
        Rows of an accumulator bank: most tokens of a tile, 1 to 1024.

    Members
    -------
    i : In(stream of {lanes: {code: unsigned(base)} × rows, last: 1})
    i_weight : In(stream of {lanes: {weight: signed(base + 1)} × rows, last: 1})
        With ``weights="codes"`` unsigned(base). A beat is a column.
    o : Out(stream of {lanes: {acc: signed(acc_width)} × lanes, last: 1})
    tokens, k_tiles, code_digits, weight_digits : In
        Shape of a tile; they change only while nothing is inside, and so do
    weight_zero_point, code_zero_point : In
        Only with ``weights="codes"``.
    """

    unit = "matmul_array"
    i: stream.Interface
    i_weight: stream.Interface
    o: stream.Interface
    tokens: "Signal"
    k_tiles: "Signal"
    code_digits: "Signal"
    weight_digits: "Signal"

    def __init__(
        self,
        *,
        lanes: int = 4,
        rows: int = 16,
        base: int = 4,
        lane: str = "lut",
        weights: str = "signed",
        acc_width: int = 20,
        depth: int = 256,
    ) -> None:
        super().__init__(
            lanes=lanes, rows=rows, base=base, lane=lane, weights=weights, acc_width=acc_width,
            depth=depth,
        )

    @classmethod
    def cycles(cls, parameters: Mapping[str, Any]) -> int:
        """Those of the dot products, then those of the accumulators and of their drain."""
        p = parameters
        dots = DotArray.latency(
            FORMS[p["lane"]], rows=p["rows"], base=p["base"], correction=p["weights"] == "codes"
        )
        return dots + _OUT

    @classmethod
    def latency_formula(cls) -> str:
        return "8 + ceil(log2(rows)) + (lane == 'packed') + (weights == 'codes') + (base > 4)"

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.instance.parameters
        self._codes = p["weights"] == "codes"
        size = {"rows": p["rows"], "lanes": p["lanes"], "base": p["base"]}
        column = FORMS[p["lane"]]
        m.submodules.sequencer = sequencer = PassSequencer(
            depth=p["depth"], k_tiles_width=len(self.k_tiles)
        )
        m.submodules.loader = loader = StationaryLoader(column, **size, codes=self._codes)
        m.submodules.dots = dots = DotArray(
            column, **size, acc_width=p["acc_width"], correction=self._codes
        )
        taken = Signal()
        m.d.comb += [
            self.i.ready.eq(sequencer.ready),
            taken.eq(self.i.valid & sequencer.ready),
            sequencer.taken.eq(taken),
            sequencer.full.eq(loader.full),
            sequencer.tokens.eq(self.tokens),
            sequencer.k_tiles.eq(self.k_tiles),
            sequencer.two_code_digits.eq(self.code_digits[1]),
            sequencer.two_weight_digits.eq(self.weight_digits[1]),
            loader.i.valid.eq(self.i_weight.valid),
            self.i_weight.ready.eq(loader.i.ready),
            loader.swap.eq(sequencer.swap),
            dots.valid.eq(taken),
            dots.digits.eq(sequencer.digits),
            dots.swap.eq(sequencer.swap),
            dots.operand.eq(loader.operand),
            dots.load.eq(loader.load),
        ]
        for n in range(p["rows"]):
            m.d.comb += [
                dots.code[n].eq(self.i.p.lanes[n].code),
                loader.i.payload[n].eq(self.i_weight.p.lanes[n].weight),
            ]
        if self._codes:
            self._correct(m, sequencer, loader, dots)
        self._accumulate(m, sequencer, dots, taken)
        return m

    def _correct(
        self, m: Module, sequencer: PassSequencer, loader: StationaryLoader, dots: DotArray
    ) -> None:
        """Zero points: the operands' in the loader, the codes' by the columns' sums."""
        p = self.instance.parameters
        names = "weight_zero_point", "code_zero_point"
        zero_point, factor = (getattr(self, name) for name in names)
        m.submodules.loaded = loaded = TileCounter(len(self.k_tiles))
        m.submodules.sums = sums = ColumnSums(
            rows=p["rows"], lanes=p["lanes"], base=p["base"],
            factor_width=len(factor), acc_width=p["acc_width"],
        )
        takes = loader.i.valid & loader.i.ready
        two = self.weight_digits[1]
        upper, lower = zero_point >> p["base"], zero_point[: p["base"]]
        m.d.comb += [
            loaded.k_tiles.eq(self.k_tiles),
            loaded.two_digits.eq(two),
            loaded.step.eq(takes & loader.last),
            loader.zero_point.eq(Mux(two, Mux(loaded.high, upper, lower), zero_point)),
            sums.i.eq(loader.centered),
            sums.taken.eq(loader.taken),
            sums.first.eq(registered(m, loaded.first, takes, name="first_loaded")),
            sums.high.eq(registered(m, loaded.high, takes, name="high_loaded")),
            sums.factor.eq(factor),
            dots.corrected.eq(sequencer.closing),
        ]
        # The sums are whole once the last tile is in the shadows, and change with the next tile.
        captures = Signal(dots.cycles - 2)
        m.d.sync += captures.eq(Cat(sequencer.captures, captures))
        correction = Signal(sums.sums.shape(), reset_less=True)
        with m.If(captures[-1]):
            m.d.sync += correction.eq(sums.sums)
        m.d.comb += dots.correction.eq(correction)

    def _accumulate(
        self, m: Module, sequencer: PassSequencer, dots: DotArray, taken: Signal
    ) -> None:
        """Addends into the banks, full banks to the output."""
        p = self.instance.parameters
        m.submodules.accumulators = accumulators = Accumulators(
            lanes=p["lanes"], acc_width=p["acc_width"], depth=p["depth"]
        )
        m.submodules.banks = drain = Drain(depth=p["depth"])
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
        ]
        for n in range(p["lanes"]):
            m.d.comb += self.o.p.lanes[n].acc.eq(accumulators.drained[n])


COMPONENT = MatmulArray
