"""Softmax in the engine: logits of a tile of queries to words of log√2 codes."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import address_bits, buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import WORD, Unit
from vit2rtl.rtl.engine.fetch import Fetch, request
from vit2rtl.rtl.engine.handover import Handover
from vit2rtl.rtl.engine.layouts import operands, tap
from vit2rtl.rtl.engine.ports import instruction, read_port, write_port
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.softmax_quantizer import SoftmaxQuantizer


class SoftmaxUnit(wiring.Component):
    """Executes instructions of ``Unit.SOFTMAX`` with a :class:`SoftmaxQuantizer`.

    A tile is ``ceil(queries / softmax_lanes)`` groups. A group takes ``keys + 1`` cycles, or
    ``8 * lanes + 14`` if that is more: the quantizer's phases overlap between groups, also of
    instructions with the same settings; others wait until nothing is inside. From the beginning to
    ``done``: as long as its groups but one, and ``3 * keys + 8 * lanes + 30`` cycles. The last
    group may have lanes beyond the queries: what is in the place of their logits is written as
    codes, too.

    The quantizer's codes have all of ``attention_bits``. Codes from the operand ``top`` on, the
    zero code of a program of fewer bits, are written as all ones, the zero code of attention × V.

    Parameters
    ----------
    configuration : Configuration

    Members
    -------
    instruction : In(instruction(Unit.SOFTMAX))
        Taken as it begins.
    read_logits : Out(read_port), write_codes : Out(write_port)
    done : Out(1)
        An instruction's last codes are written in this cycle.
    tap : Out(tap(lanes))
        Codes of a key, ``top`` at most: those of the program.
    """

    def __init__(self, configuration: Configuration) -> None:
        c = configuration
        lanes = c.softmax_lanes
        for what, count in (("word of logits", WORD), ("word of codes", c.columns)):
            if count % lanes:
                raise ValueError(f"Lanes must divide the {count} of a {what}, not {lanes}")
        self.configuration = c
        memories = buffers(c)
        super().__init__({
            "instruction": In(instruction(Unit.SOFTMAX)),
            "read_logits": Out(read_port(memories["logits"])),
            "write_codes": Out(write_port(memories["codes"])),
            "done": Out(1),
            "tap": Out(tap(lanes)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        c = self.configuration
        numbers = "multiplier", "shift", "threshold_a", "threshold_b", "threshold_shift"
        m.submodules.handover = handover = Handover(
            Unit.SOFTMAX, settings=(*numbers, "top"), results=("code_base", "queries"))
        m.submodules.reader = reader = GroupReader(c)
        m.submodules.fetch = fetch = Fetch(buffers(c)["logits"], parts=WORD // c.softmax_lanes)
        m.submodules.quantizer = quantizer = SoftmaxQuantizer(
            lanes=c.softmax_lanes, bits=c.attention_bits, width=c.logit_width,
            rom_bits=c.rom_bits, tokens=c.tokens)
        wiring.connect(m, handover.i, wiring.flipped(self.instruction))
        wiring.connect(m, reader.o, fetch.i)
        wiring.connect(m, fetch.port, wiring.flipped(self.read_logits))
        m.d.comb += [
            reader.begin.eq(handover.begin),
            reader.operands.eq(self.instruction.payload),
            handover.read.eq(reader.read),
            quantizer.i.p.lanes.as_value().eq(fetch.o.p.part),
            quantizer.i.p.last.eq(fetch.o.p.last),
            quantizer.i.valid.eq(fetch.o.valid),
            fetch.o.ready.eq(quantizer.i.ready),
            *(getattr(quantizer, name).eq(handover.settings[name]) for name in numbers),
        ]
        self._write(m, quantizer, handover)
        return m

    def _write(self, m: Module, quantizer: SoftmaxQuantizer, handover: Handover) -> None:
        """Codes of a key into their place of its word, group by group."""
        c = self.configuration
        top, where = handover.settings.top, handover.o.p
        group = Signal(range(c.columns // c.softmax_lanes))
        key = Signal(address_bits(self.configuration))
        last = Signal()
        written = quantizer.o.valid
        m.d.comb += [
            quantizer.o.ready.eq(1),
            last.eq((group + 1) * c.softmax_lanes >= where.queries),
            self.done.eq(written & quantizer.o.p.last & last),
            handover.o.ready.eq(self.done),
            self.write_codes.en.eq(written << group),
            self.write_codes.addr.eq(where.code_base + key),
            self.tap.valid.eq(written),
        ]
        with m.If(written):
            m.d.sync += key.eq(Mux(quantizer.o.p.last, 0, key + 1))
        with m.If(written & quantizer.o.p.last):
            m.d.sync += group.eq(Mux(last, 0, group + 1))
        for n in range(c.columns):
            code = quantizer.o.p.lanes[n % c.softmax_lanes].code
            zero = code >= top
            word = self.write_codes.data.word_select(n, c.attention_bits)
            m.d.comb += word.eq(Mux(zero, (1 << c.attention_bits) - 1, code))
            if n < c.softmax_lanes:
                m.d.comb += self.tap.codes[n].eq(Mux(zero, top, code))


class GroupReader(wiring.Component):
    """Requests for the logits of groups of queries, a key after the other.

    Parameters
    ----------
    configuration : Configuration
        Queries of a group, a divisor of ``WORD``.

    Members
    -------
    begin : In(1);  operands : In
        Which logits.
    read : Out(1)
        The last request is taken.
    o : Out(stream of request(address, WORD // lanes))
        ``last`` with the last key of a group.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.lanes, self.address = configuration.softmax_lanes, address_bits(configuration)
        self.parts = WORD // self.lanes
        super().__init__({
            "begin": In(1),
            "operands": In(operands(Unit.SOFTMAX)),
            "read": Out(1),
            "o": Out(stream.Signature(request(self.address, self.parts))),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = Signal(self.address)  # of the group's first key
        keys = Signal.like(self.operands.keys)
        queries = Signal.like(self.operands.queries)
        taken = self.o.valid & self.o.ready
        whole = self.o.p.part == self.parts - 1
        following = Signal(self.address)
        held = registered(m, self.operands, self.begin, name="held")
        m.d.comb += [
            following.eq(words + Mux(whole, held.group_stride, 0)),
            self.o.p.last.eq(keys == 1),
            self.read.eq(taken & self.o.p.last & (queries <= self.lanes)),
        ]
        with m.If(self.begin):
            m.d.sync += [
                words.eq(self.operands.logit_base), self.o.p.addr.eq(self.operands.logit_base),
                keys.eq(self.operands.keys), queries.eq(self.operands.queries),
                self.o.valid.eq(1), self.o.p.part.eq(0),
            ]
        with m.Elif(taken & self.o.p.last):
            m.d.sync += [
                words.eq(following), self.o.p.addr.eq(following), keys.eq(held.keys),
                self.o.p.part.eq(Mux(whole, 0, self.o.p.part + 1)),
                queries.eq(queries - self.lanes), self.o.valid.eq(~self.read),
            ]
        with m.Elif(taken):
            m.d.sync += [keys.eq(keys - 1), self.o.p.addr.eq(self.o.p.addr + 1)]
        return m
