"""LayerNorm in the engine: rows of the residual stream to words of codes."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import STREAM_BITS, address_bits, buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import AFFINE, WORD, Unit
from vit2rtl.rtl.engine.code_words import CodeWords
from vit2rtl.rtl.engine.fetch import Fetch, request
from vit2rtl.rtl.engine.handover import Handover
from vit2rtl.rtl.engine.layouts import layout, operands, tap
from vit2rtl.rtl.engine.ports import instruction, payload, shared_read_port, write_port
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.stream.skid import SkidBuffer
from vit2rtl.rtl.units.layernorm_quantizer import LayerNormQuantizer


class LayerNormUnit(wiring.Component):
    """Executes instructions of ``Unit.LAYERNORM`` with a :class:`LayerNormQuantizer`.

    A row takes a cycle a beat of ``layernorm_lanes`` elements, 30 at least, if the stream's port is
    granted and words are not of two digits and a beat each. Rows of instructions with the same
    settings follow each other, a cycle later; an instruction with a table, or other settings, waits
    until nothing is inside. From the beginning to ``done``: ``(rows - 1) * max(beats, 30) +
    2 * beats + 46 + ceil(log2(lanes))`` cycles, and ``configuration.channels`` for a table.

    A row's last word is filled up with zeros behind its last beat; lanes of this beat beyond the
    row are anything. Addresses beyond a buffer are the buffer's to refuse.

    Parameters
    ----------
    configuration : Configuration

    Members
    -------
    instruction : In(instruction(Unit.LAYERNORM))
        Taken as it begins.
    payload : In(payload())
        A beat a channel, where the instruction has a table.
    read_stream : Out(shared_read_port), write_normalized : Out(write_port)
    done : Out(1)
        An instruction's last word is written in this cycle.
    tap : Out(tap(lanes))
        Codes as they are written.
    """

    def __init__(self, configuration: Configuration) -> None:
        lanes = configuration.layernorm_lanes
        for what, count in (("word of the stream", WORD), ("word of codes", configuration.rows)):
            if count % lanes:
                raise ValueError(f"Lanes must divide the {count} of a {what}, not {lanes}")
        self.configuration = configuration
        memories = buffers(configuration)
        super().__init__({
            "instruction": In(instruction(Unit.LAYERNORM)),
            "payload": In(payload()),
            "read_stream": Out(shared_read_port(memories["stream"])),
            "write_normalized": Out(write_port(memories["normalized"])),
            "done": Out(1),
            "tap": Out(tap(lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        c = self.configuration
        lanes = c.layernorm_lanes
        m.submodules.handover = handover = Handover(
            Unit.LAYERNORM, settings=("columns", "shift", "epsilon", "top", "two_digits"),
            results=("base", "row_stride", "rows"))
        m.submodules.table = table = AffineLoader(c)
        m.submodules.reader = reader = RowReader(c)
        m.submodules.fetch = fetch = Fetch(
            buffers(c)["stream"], parts=WORD // lanes, shared=True)
        m.submodules.quantizer = quantizer = LayerNormQuantizer(
            lanes=lanes, bits=c.code_bits, width=STREAM_BITS, channels=c.channels)
        # The quantizer's ready comes from its root, and would go back to the buffers.
        m.submodules.skid = skid = SkidBuffer(fetch.o.payload.shape())
        m.submodules.words = words = CodeWords(c, lanes=lanes)
        wiring.connect(m, handover.i, wiring.flipped(self.instruction))
        wiring.connect(m, table.i, wiring.flipped(self.payload))
        wiring.connect(m, table.o, quantizer.i_affine)
        wiring.connect(m, fetch.o, skid.i)
        wiring.connect(m, fetch.port, wiring.flipped(self.read_stream))
        settings = handover.settings
        m.d.comb += [
            handover.alone.eq(self.instruction.p.table),
            table.begin.eq(handover.begin & self.instruction.p.table),
            reader.begin.eq(handover.begin),
            reader.operands.eq(self.instruction.payload),
            handover.read.eq(reader.read),
            fetch.i.payload.eq(reader.o.payload),
            fetch.i.valid.eq(reader.o.valid & ~table.i.ready),
            reader.o.ready.eq(fetch.i.ready & ~table.i.ready),
            quantizer.i.p.lanes.as_value().eq(skid.o.p.part),
            quantizer.i.p.last.eq(skid.o.p.last),
            quantizer.i.valid.eq(skid.o.valid),
            skid.o.ready.eq(quantizer.i.ready),
            *(getattr(quantizer, name).eq(settings[name])
              for name in ("columns", "shift", "epsilon")),
            words.i.p.last.eq(quantizer.o.p.last),
            words.i.valid.eq(quantizer.o.valid),
            quantizer.o.ready.eq(words.i.ready),
            words.two_digits.eq(settings.two_digits),
            self.tap.valid.eq(quantizer.o.valid & words.i.ready),
        ]
        for n in range(lanes):
            code = quantizer.o.p.lanes[n].code
            limited = Mux(code < settings.top, code, settings.top)
            m.d.comb += [words.i.p.codes[n].eq(limited), self.tap.codes[n].eq(limited)]
        self._write(m, words, handover)
        return m

    def _write(self, m: Module, words: CodeWords, handover: Handover) -> None:
        """Words of a row one after the other."""
        where = handover.o.p
        continues = Signal()  # an instruction's first word is written
        next_row = Signal(address_bits(self.configuration))
        following = Signal(address_bits(self.configuration))
        left = Signal.like(where.rows)
        row = Mux(continues, next_row, where.base)
        rows = Mux(continues, left, where.rows)
        ends = words.write & words.complete & words.last
        begins = Signal(init=1)  # a row
        address = Signal(address_bits(self.configuration))
        m.d.comb += [
            address.eq(Mux(begins, row, following)),
            self.write_normalized.en.eq(words.write),
            self.write_normalized.addr.eq(address),
            self.write_normalized.data.eq(words.word),
            self.done.eq(ends & (rows == 1)),
            handover.o.ready.eq(self.done),
        ]
        with m.If(words.write):
            m.d.sync += [following.eq(address + 1), begins.eq(ends)]
        with m.If(ends):
            m.d.sync += [
                next_row.eq(row + where.row_stride), left.eq(rows - 1), continues.eq(~self.done)]


class RowReader(wiring.Component):
    """Requests for the elements of rows, so many a beat.

    Parameters
    ----------
    configuration : Configuration
        Elements a beat, a divisor of ``WORD``.

    Members
    -------
    begin : In(1);  operands : In
        Which rows.
    read : Out(1)
        The last request is taken.
    o : Out(stream of request(address, WORD // lanes))
        ``last`` with the last beat of a row.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.lanes, self.address = configuration.layernorm_lanes, address_bits(configuration)
        self.parts = WORD // self.lanes
        super().__init__({
            "begin": In(1),
            "operands": In(operands(Unit.LAYERNORM)),
            "read": Out(1),
            "o": Out(stream.Signature(request(self.address, self.parts))),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        row = Signal(self.address)
        columns = Signal.like(self.operands.columns)
        rows = Signal.like(self.operands.rows)
        held = registered(m, self.operands, self.begin, name="held")
        following = row + held.stream_row_stride
        taken = self.o.valid & self.o.ready
        m.d.comb += [
            self.o.p.again.eq(self.o.p.part != 0),
            self.o.p.last.eq(columns <= self.lanes),
            self.read.eq(taken & self.o.p.last & (rows == 1)),
        ]
        with m.If(self.begin):
            m.d.sync += [
                row.eq(self.operands.stream_base), self.o.p.addr.eq(self.operands.stream_base),
                columns.eq(self.operands.columns), rows.eq(self.operands.rows),
                self.o.valid.eq(1), self.o.p.part.eq(0),
            ]
        with m.Elif(taken & self.o.p.last):
            m.d.sync += [
                row.eq(following), self.o.p.addr.eq(following), self.o.p.part.eq(0),
                columns.eq(held.columns), rows.eq(rows - 1), self.o.valid.eq(~self.read),
            ]
        with m.Elif(taken):
            whole = self.o.p.part == self.parts - 1
            m.d.sync += [
                columns.eq(columns - self.lanes),
                self.o.p.part.eq(Mux(whole, 0, self.o.p.part + 1)),
                self.o.p.addr.eq(self.o.p.addr + whole),
            ]
        return m


class AffineLoader(wiring.Component):
    """Takes gains and offsets, a channel a beat, and gives them as beats of the quantizer's table.

    Parameters
    ----------
    configuration : Configuration

    Members
    -------
    begin : In(1)
        Take the next ``channels`` beats.
    i : In(payload())
        Ready until all of them are taken.
    o : Out(stream of the table's beats)
        From registers, a cycle after the beat that completes them. Without back pressure.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.channels, self.lanes = configuration.channels, configuration.layernorm_lanes
        entries = data.ArrayLayout(layout(AFFINE), self.lanes)
        beat = data.StructLayout({"lanes": entries, "last": 1})
        super().__init__({
            "begin": In(1),
            "i": In(payload()),
            "o": Out(stream.Signature(beat)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lane = Signal(range(self.lanes))
        channel = Signal(range(self.channels))
        taken = self.i.valid & self.i.ready
        last = channel == self.channels - 1
        m.d.sync += [
            self.o.p.last.eq(last),
            self.o.valid.eq(taken & (last | (lane == self.lanes - 1))),
        ]
        with m.If(self.begin):
            m.d.sync += [self.i.ready.eq(1), channel.eq(0), lane.eq(0)]
        with m.Elif(taken):
            m.d.sync += [
                channel.eq(channel + 1), lane.eq(Mux(lane == self.lanes - 1, 0, lane + 1)),
                self.i.ready.eq(~last),
            ]
        for n in range(self.lanes):
            entry = self.o.p.lanes.as_value().word_select(n, layout(AFFINE).size)
            with m.If(taken & (lane == n)):
                m.d.sync += entry.eq(self.i.payload)
        return m
