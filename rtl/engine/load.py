"""What comes from outside: values of the residual stream, patches of the image, a table."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.buffers import address_bits, buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import Load, Unit
from vit2rtl.golden.engine.limits import BYTES
from vit2rtl.rtl.engine.image import CODE, ImageWords
from vit2rtl.rtl.engine.ports import beats, instruction, payload, shared_write_port


class LoadUnit(wiring.Component):
    """Fills the residual stream, the hidden buffer and the activation's table.

    STREAM writes a word a cycle; PATCHES takes a beat of eight codes a cycle and writes a word of
    digits a cycle; TABLE gives an entry a cycle, and zeros behind the last one until the table is
    full. A refused write, a beat that is not there, and an entry that is not taken stall.

    Members
    -------
    instruction : In(stream of the unit's operands)
        Taken at once; the next one is taken after ``done``.
    payload : In(stream of unsigned(64))
    image : In(stream of {data: 64, last: 1})
        As :class:`~vit2rtl.rtl.engine.image.ImageWords` takes it.
    finish : In(1)
        All instructions of the image are done.
    write_stream, write_hidden : Out(write ports)
    table : Out(stream of unsigned(8))
    done : Out(1)
        With an instruction's last write, or the table's last entry.
    error : Out(4)
        An :class:`~vit2rtl.golden.engine.errors.Error` of the image stream.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        memory = buffers(configuration)
        super().__init__(
            {
                "instruction": In(instruction(Unit.LOAD)),
                "payload": In(payload()),
                "image": In(beats()),
                "finish": In(1),
                "write_stream": Out(shared_write_port(memory["stream"])),
                "write_hidden": Out(shared_write_port(memory["hidden"])),
                "table": Out(stream.Signature(8)),
                "done": Out(1),
                "error": Out(4),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.words = words = ImageWords(self.configuration)
        wiring.connect(m, wiring.flipped(self.image), words.i)
        m.d.comb += [words.finish.eq(self.finish), self.error.eq(words.error)]
        address = Signal(address_bits(self.configuration))
        # Words, or entries; whether one is left, or none, is known ahead.
        left, one, none = Signal(16), Signal(), Signal()
        counts = Signal()
        two_digits = Signal()
        m.d.comb += [self.write_stream.addr.eq(address), self.write_hidden.addr.eq(address)]
        operands = self.instruction.payload
        kinds = Signal(len(Load))  # a bit of the load that is executed
        idle = Signal(init=1)
        m.d.comb += self.instruction.ready.eq(idle)
        with m.If(idle & self.instruction.valid):
            m.d.sync += [
                idle.eq(0), *(kinds[kind].eq(operands.opcode == kind) for kind in Load),
                address.eq(operands.base),
                left.eq(operands.count), one.eq(operands.count == 1), none.eq(0),
                two_digits.eq(operands.two_digits),
            ]
        with m.If(counts):
            m.d.sync += [left.eq(left - 1), one.eq(left == 2), none.eq(one)]
        with m.If(self.done):
            m.d.sync += [idle.eq(1), kinds.eq(0)]
        with m.If(kinds[Load.STREAM]):
            self._stream(m, address, counts, one)
        with m.If(kinds[Load.PATCHES]):
            self._patches(m, words, address, counts, one, two_digits)
        with m.If(kinds[Load.TABLE]):
            self._table(m, counts, one, none)
        return m

    def _stream(self, m: Module, address: Signal, counts: Signal, one: Signal) -> None:
        m.d.comb += [
            self.write_stream.en.eq(self.payload.valid),
            self.write_stream.data.eq(self.payload.payload),
            self.payload.ready.eq(self.write_stream.ready),
            counts.eq(self.payload.valid & self.write_stream.ready),
            self.done.eq(counts & one),
        ]
        with m.If(counts):
            m.d.sync += address.eq(address + 1)

    def _table(self, m: Module, counts: Signal, one: Signal, filling: Signal) -> None:
        place = Signal(self.configuration.table_bits)
        given = Signal()
        entry = self.payload.payload.word_select(place[:3], 8)
        m.d.comb += [
            self.table.valid.eq(filling | self.payload.valid),
            self.table.payload.eq(Mux(filling, 0, entry)),
            given.eq(self.table.valid & self.table.ready),
            self.payload.ready.eq(given & ~filling & ((place[:3] == BYTES - 1) | one)),
            counts.eq(given & ~filling),
            self.done.eq(given & place.all()),
        ]
        with m.If(given):
            m.d.sync += place.eq(place + 1)

    def _patches(
        self, m: Module, words: ImageWords, address: Signal, counts: Signal, one: Signal,
        two_digits: Signal,
    ) -> None:
        rows, base = self.configuration.rows, self.configuration.base
        word = words.o
        lower = Signal()
        last = Signal()
        codes = [word.payload.word_select(n, CODE) for n in range(rows)]
        digits = [Mux(two_digits & ~lower, code >> base, code)[:base] for code in codes]
        m.d.comb += [
            words.wanted.eq(1),
            last.eq(lower | ~two_digits),
            self.write_hidden.en.eq(word.valid),
            self.write_hidden.data.eq(Cat(digits)),
            word.ready.eq(self.write_hidden.ready & last),
            counts.eq(word.valid & word.ready),
            self.done.eq(counts & one),
        ]
        with m.If(word.valid & self.write_hidden.ready):
            m.d.sync += [address.eq(address + 1), lower.eq(~last)]
