"""Beats of the image stream as words of codes, and whether the stream ends where the image does."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import BEAT
from vit2rtl.rtl.engine.ports import beats

CODE = 8  # bits of a code of the image


class ImageWords(wiring.Component):
    """Words of ``rows`` codes of eight bits, the first code in the lowest bits.

    A word takes ``rows / 8`` beats; below eight rows, the lowest bits of one. A beat a cycle, one
    word and the beats of the next one wait inside. Behind ``last`` no beat is taken before
    ``finish``.

    Members
    -------
    i : In(stream of {data: 64, last: 1})
    wanted : In(1)
        An instruction waits for a word, or takes one.
    finish : In(1)
        The image's instructions are done.
    o : Out(stream of unsigned(8 * rows))
    error : Out(4)
        IMAGE_EARLY: a word is wanted behind ``last``, or ``last`` came within a word. IMAGE_LATE:
        at ``finish`` something has come that no instruction took, or ``last`` has not.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.width = CODE * configuration.rows
        super().__init__(
            {
                "i": In(beats()),
                "wanted": In(1),
                "finish": In(1),
                "o": Out(stream.Signature(self.width)),
                "error": Out(4),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        begun, ended = Signal(), Signal()
        takes, completes = Signal(), Signal()
        coming, last = self._coming(m, takes)
        m.d.comb += [
            self.i.ready.eq(~ended & (~last | ~self.o.valid | self.o.ready)),
            takes.eq(self.i.valid & self.i.ready),
            completes.eq(takes & last),
        ]
        m.d.sync += self.o.valid.eq(completes | (self.o.valid & ~self.o.ready))
        with m.If(completes):
            m.d.sync += self.o.payload.eq(coming)
        with m.If(takes):
            m.d.sync += [begun.eq(1), ended.eq(self.i.p.last)]
        with m.If(self.finish):
            m.d.sync += [begun.eq(0), ended.eq(0)]
            with m.If((begun & ~ended) | self.o.valid):
                m.d.comb += self.error.eq(Error.IMAGE_LATE)
        with m.Elif(self.wanted & ended & ~self.o.valid):
            m.d.comb += self.error.eq(Error.IMAGE_EARLY)
        return m

    def _coming(self, m: Module, takes: Value) -> tuple[Value, Value]:
        """The word that the beat on offer completes, and whether it does."""
        count = -(-self.width // BEAT)
        last = Signal()
        if count == 1:
            m.d.comb += last.eq(1)
            return self.i.p.data[: self.width], last
        number = Signal(range(count))
        gathered = Signal(BEAT * (count - 1), reset_less=True)
        whole = Cat(gathered, self.i.p.data)
        m.d.comb += last.eq(number == count - 1)
        with m.If(takes):
            m.d.sync += [number.eq(Mux(last, 0, number + 1)), gathered.eq(whole[BEAT:])]
        return whole[: self.width], last
