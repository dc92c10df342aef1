"""Stationary operands of the array, a column at a time: weights of the payload, or queries."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import address_bits, buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import BEAT, OPERANDS, Unit
from vit2rtl.rtl.engine.ports import instruction, payload, read_port
from vit2rtl.rtl.engine.walk import AddressWalk
from vit2rtl.rtl.engine.word_reader import WordReader
from vit2rtl.rtl.units.matmul_array.sequence import TileCounter

# Zero points in a beat: a byte each.
_BYTES = BEAT // 8


class WeightColumns(wiring.Component):
    """Beats of payload cut into columns, the first one in the lowest bits.

    A beat has as many columns as fit, a column that does not fit several beats; a tile begins with
    a beat. Latency 0, a column a cycle where a beat has one or more.

    Parameters
    ----------
    bits : int
        Of a column.

    Members
    -------
    i : In(stream of unsigned(64))
    o : Out(stream of unsigned(bits))
    last : In(1)
        The column on ``o`` is the last one of a tile.
    """

    def __init__(self, bits: int) -> None:
        self.bits = bits
        super().__init__({"i": In(payload()), "o": Out(stream.Signature(bits)), "last": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        columns, beats = max(1, BEAT // self.bits), -(-self.bits // BEAT)
        place = Signal(range(max(columns, beats)))
        ends = Signal()
        m.d.comb += ends.eq(place == max(columns, beats) - 1)
        gives = Signal()
        if beats > 1:
            kept = Signal((beats - 1) * BEAT, reset_less=True)
            with m.If(self.i.valid & ~ends):
                m.d.sync += [kept.eq(Cat(kept, self.i.payload)[BEAT:]), place.eq(place + 1)]
            m.d.comb += [
                self.o.valid.eq(self.i.valid & ends),
                self.o.payload.eq(Cat(kept, self.i.payload)),
                self.i.ready.eq(~ends | self.o.ready),
                gives.eq(self.o.valid & self.o.ready),
            ]
            with m.If(gives):
                m.d.sync += place.eq(0)
            return m
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            self.o.payload.eq(self.i.payload.word_select(place, self.bits)),
            gives.eq(self.o.valid & self.o.ready),
            self.i.ready.eq(self.o.ready & (ends | self.last)),
        ]
        with m.If(gives):
            m.d.sync += place.eq(Mux(ends | self.last, 0, place + 1))
        return m


class StationaryOperands(wiring.Component):
    """Columns of an instruction's stationary tiles, with what the array is told of them.

    A column a cycle. The next instruction is taken with the last column of the one before; its
    first column comes 2 cycles later for queries, for weights as soon as the zero points are in, a
    beat a cycle.

    Members
    -------
    instruction : In(stream of the array's operands)
    payload : In(stream of unsigned(64))
        Of weights: zero points, a byte a column and digit; then columns.
    read_queries : Out(read_port)
        Queries that an instruction does not have are not read; their operands are 0.
    o : Out(stream of {digits: unsigned(base) × rows, zero_point, first: 1, high: 1})
        See :class:`~vit2rtl.rtl.units.matmul_array.core.ArrayCore`.
    last_column : In(1)
        The column on ``o`` is the last one of a tile.
    factor : Out(signed)
        Of the instruction whose columns are on ``o``.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = c = configuration
        column = {"digits": data.ArrayLayout(c.base, c.rows), "zero_point": c.base + 1,
                  "first": 1, "high": 1}
        super().__init__(
            {
                "instruction": In(instruction(Unit.MATMUL)),
                "payload": In(payload()),
                "read_queries": Out(read_port(buffers(c)["queries"])),
                "o": Out(stream.Signature(data.StructLayout(column))),
                "last_column": In(1),
                "factor": Out(signed(OPERANDS[Unit.MATMUL]["key_zero_point"].width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        c = self.configuration
        job = Signal(self.instruction.p.shape(), reset_less=True)
        busy, takes, gives, ends = Signal(), Signal(), Signal(), Signal()
        column = Signal(range(c.columns))
        m.submodules.tiles = tiles = TileCounter(len(job.k_tiles))
        m.d.comb += [
            self.instruction.ready.eq(~busy | ends),
            takes.eq(self.instruction.valid & self.instruction.ready),
            gives.eq(self.o.valid & self.o.ready),
            ends.eq(gives & self.last_column & tiles.closing),
            tiles.k_tiles.eq(job.k_tiles),
            tiles.two_digits.eq(job.two_weight_digits),
            tiles.step.eq(gives & self.last_column),
            self.o.p.first.eq(tiles.first),
            self.o.p.high.eq(tiles.high),
            self.factor.eq(job.key_zero_point),
        ]
        with m.If(gives):
            m.d.sync += column.eq(Mux(self.last_column, 0, column + 1))
        with m.If(self.instruction.ready):
            m.d.sync += busy.eq(self.instruction.valid)
        with m.If(takes):
            m.d.sync += job.eq(self.instruction.p)
        weight, weight_zero_point = self._weights(m, job, busy, takes, column, tiles.high)
        query, query_zero_point = self._queries(m, job, takes, column, tiles.high)
        m.d.comb += [
            self.o.valid.eq(Mux(job.dynamic, query.valid, weight.valid) & busy),
            self.o.p.digits.eq(Mux(job.dynamic, query.payload, weight.payload)),
            self.o.p.zero_point.eq(Mux(job.dynamic, query_zero_point, weight_zero_point)),
            weight.ready.eq(self.o.ready & ~job.dynamic & busy),
            query.ready.eq(self.o.ready & job.dynamic & busy),
        ]
        return m

    def _weights(
        self, m: Module, job: data.View, busy: Signal, takes: Signal, column: Signal, high: Signal
    ) -> tuple[stream.Interface, Value]:
        """Columns of the payload behind the zero points, and the zero point of one."""
        c = self.configuration
        m.submodules.columns = columns = WeightColumns(c.rows * c.base)
        beats = -(-c.columns // _BYTES)
        width = min(_BYTES, c.base + 1)
        zero_points = data.ArrayLayout(width, _BYTES)
        m.submodules.zero_points = memory = Memory(shape=zero_points, depth=2 * beats, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        beat, loading = Signal(range(2 * beats)), Signal()
        last = Mux(job.two_weight_digits, 2 * beats - 1, beats - 1)
        with m.If(takes):
            m.d.sync += loading.eq(~self.instruction.p.dynamic)
        weights = busy & ~job.dynamic & ~loading
        m.d.comb += [
            self.payload.ready.eq(loading | (columns.i.ready & weights)),
            columns.i.valid.eq(self.payload.valid & weights),
            columns.i.payload.eq(self.payload.payload),
            columns.last.eq(self.last_column),
            write.en.eq(loading & self.payload.valid),
            write.addr.eq(beat),
            read.addr.eq(Mux(job.two_weight_digits & ~high, beats, 0)
                         + column[_BYTES.bit_length() - 1:]),
        ]
        for n in range(_BYTES):
            m.d.comb += write.data[n].eq(self.payload.payload[8 * n : 8 * n + width])
        with m.If(write.en):
            m.d.sync += beat.eq(beat + 1)
            with m.If(beat == last):
                m.d.sync += [beat.eq(0), loading.eq(0)]
        return columns.o, read.data[column[: _BYTES.bit_length() - 1]]

    def _queries(
        self, m: Module, job: data.View, takes: Signal, column: Signal, high: Signal
    ) -> tuple[stream.Interface, Value]:
        """Words of the queries' buffer, and their zero point."""
        c = self.configuration
        m.submodules.walk = walk = AddressWalk(
            outer=len(job.k_tiles), inner=c.columns.bit_length(), address=address_bits(c))
        m.submodules.reader = reader = WordReader(buffers(c), ["queries"])
        given = self.instruction.p
        m.d.comb += [
            walk.i.valid.eq(takes & given.dynamic),
            walk.i.p.base.eq(given.query_base),
            walk.i.p.outer_stride.eq(given.query_tile_stride),
            walk.i.p.inner_stride.eq(given.query_row_stride),
            walk.i.p.outer.eq(given.k_tiles),
            walk.i.p.inner.eq(c.columns),
            walk.i.p.two_digits.eq(given.two_weight_digits),
            reader.i.valid.eq(walk.o.valid),
            reader.i.p.address.eq(walk.o.p.address),
            reader.i.p.source.eq(walk.o.p.inner >= job.queries),
            walk.o.ready.eq(reader.i.ready),
        ]
        wiring.connect(m, wiring.flipped(self.read_queries), reader.read_queries)
        zero_point = job.query_zero_point
        upper, lower = zero_point >> c.base, zero_point[: c.base]
        digit = Mux(job.two_weight_digits, Mux(high, upper, lower), zero_point)
        return reader.o, Mux(column < job.queries, digit, 0)
