"""The engine's array: instructions to rows of accumulators."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import address_bits, buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import Source, Unit
from vit2rtl.rtl.engine.broadcast import Broadcast
from vit2rtl.rtl.engine.operands import StationaryOperands
from vit2rtl.rtl.engine.ports import instruction, payload, read_port
from vit2rtl.rtl.engine.walk import AddressWalk
from vit2rtl.rtl.engine.word_reader import WordReader
from vit2rtl.rtl.units.matmul_array.core import ArrayCore
from vit2rtl.rtl.units.matmul_array.forms import FORMS


class MatmulUnit(wiring.Component):
    """An output tile an instruction: codes of a buffer times weights, or times queries.

    ``acc[row][column] = Σ code · (operand - zero point) - factor · Σ (operand - zero point)``, the
    factor being ``key_zero_point``; in two's complement of ``acc_width`` bits, wrapped.

    A row of codes a cycle, also from one pass and from one instruction to the next: the stationary
    tile that comes next loads meanwhile, and rows are read ahead. Stationary tiles are at least
    ``columns + 1`` cycles apart, one more between instructions of queries; passes at least 4. While
    a stalled ``o`` holds one tile, the next one is computed. Latency from an instruction's last row
    of codes to its first sums is that of the array, ``latency``.

    Members
    -------
    instruction : In(stream of the array's operands)
        Taken up to two instructions ahead.
    payload : In(stream of unsigned(64))
    read_normalized, read_attended, read_keys, read_hidden : Out(read_port)
        Rows of codes, by ``source``.
    read_queries : Out(read_port)
    o : Out(stream of {acc: signed(acc_width) × columns, last: 1})
        ``last``: the tile's last row.
    done : Out(1)
        An instruction has read all that it reads.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = c = configuration
        self.columns = [FORMS["packed" if n < c.packed_columns else "lut"]
                        for n in range(c.columns)]
        self.latency = ArrayCore.latency(
            self.columns, rows=c.rows, base=c.base, correction=True)
        self.buffers = buffers(c)
        self.sources = [source.name.lower() for source in Source]
        row = {"acc": data.ArrayLayout(signed(c.acc_width), c.columns), "last": 1}
        super().__init__(
            {
                "instruction": In(instruction(Unit.MATMUL)),
                "payload": In(payload()),
                **{f"read_{name}": Out(read_port(self.buffers[name]))
                   for name in (*self.sources, "queries")},
                "o": Out(stream.Signature(data.StructLayout(row))),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        c = self.configuration
        m.submodules.instructions = copies = Broadcast(self.instruction.p.shape(), readers=3)
        m.submodules.operands = operands = StationaryOperands(c)
        m.submodules.core = core = ArrayCore(
            self.columns, rows=c.rows, base=c.base, acc_width=c.acc_width, depth=c.bank_rows,
            k_tiles_width=len(copies.i.p.k_tiles),
            factor_width=len(operands.factor),
        )
        wiring.connect(m, wiring.flipped(self.instruction), copies.i)
        wiring.connect(m, copies.o[0], operands.instruction)
        wiring.connect(m, wiring.flipped(self.payload), operands.payload)
        wiring.connect(m, wiring.flipped(self.read_queries), operands.read_queries)
        wiring.connect(m, core.o, wiring.flipped(self.o))
        column = operands.o.p
        m.d.comb += [
            core.i_operand.valid.eq(operands.o.valid),
            core.i_operand.payload.eq(column.digits),
            operands.o.ready.eq(core.i_operand.ready),
            operands.last_column.eq(core.last_column),
            core.zero_point.eq(column.zero_point),
            core.first.eq(column.first),
            core.high.eq(column.high),
        ]
        factor = operands.factor
        for n in range(core.factor_delay):
            after = Signal(factor.shape(), name=f"factor_{n}", reset_less=True)
            m.d.sync += after.eq(factor)
            factor = after
        m.d.comb += core.factor.eq(factor)
        codes = self._codes(m, copies.o[1])
        self._shape(m, copies.o[2], core, codes)
        return m

    def _codes(self, m: Module, jobs: stream.Interface) -> stream.Interface:
        """Rows of codes, in the order of passes."""
        job = jobs.p
        m.submodules.walk = walk = AddressWalk(
            outer=len(job.k_tiles), inner=len(job.rows), address=address_bits(self.configuration))
        m.submodules.reader = reader = WordReader(self.buffers, self.sources)
        source = Signal(job.source.shape(), reset_less=True)
        m.d.comb += [
            walk.i.valid.eq(jobs.valid),
            jobs.ready.eq(walk.i.ready),
            walk.i.p.base.eq(job.base),
            walk.i.p.outer_stride.eq(job.tile_stride),
            walk.i.p.inner_stride.eq(job.row_stride),
            walk.i.p.outer.eq(job.k_tiles),
            walk.i.p.inner.eq(job.rows),
            walk.i.p.two_digits.eq(job.two_code_digits),
            walk.i.p.repeated.eq(job.two_weight_digits),
            reader.i.valid.eq(walk.o.valid),
            reader.i.p.source.eq(source),
            reader.i.p.address.eq(walk.o.p.address),
            walk.o.ready.eq(reader.i.ready),
        ]
        with m.If(jobs.valid & jobs.ready):
            m.d.sync += source.eq(job.source)
        for name in self.sources:
            port = f"read_{name}"
            wiring.connect(m, wiring.flipped(getattr(self, port)), getattr(reader, port))
        return reader.o

    def _shape(
        self, m: Module, jobs: stream.Interface, core: ArrayCore, codes: stream.Interface
    ) -> None:
        """The array's tile is that of the next row of codes."""
        tile = Signal(self.instruction.p.shape(), reset_less=True)
        busy = Signal()
        m.d.comb += [
            jobs.ready.eq(~busy | core.ends),
            core.tokens.eq(tile.rows),
            core.k_tiles.eq(tile.k_tiles),
            core.two_code_digits.eq(tile.two_code_digits),
            core.two_weight_digits.eq(tile.two_weight_digits),
            core.i.valid.eq(codes.valid & busy),
            core.i.payload.eq(codes.payload),
            codes.ready.eq(core.i.ready & busy),
            self.done.eq(core.ends),
        ]
        with m.If(jobs.ready):
            m.d.sync += busy.eq(jobs.valid)
            with m.If(jobs.valid):
                m.d.sync += tile.eq(jobs.p)
