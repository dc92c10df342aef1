"""Codes, so many a beat, to words of a buffer of codes."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.engine.configuration import Configuration


class CodeWords(wiring.Component):
    """Puts codes side by side, and writes a word of them, or two words of their digits.

    A word is complete with ``configuration.rows`` codes, or with ``last``: then the others are
    zeros. Latency 1 cycle from the beat that completes it; a beat a cycle, but where every beat
    completes two words, a beat every two. Without back pressure where codes have one digit.

    Parameters
    ----------
    configuration : Configuration
    lanes : int
        Codes a beat; a divisor of ``configuration.rows``.

    Members
    -------
    i : In(stream of {codes: unsigned(code_bits) × lanes, last: 1})
    two_digits : In(1)
        As it is while the word is written: upper digits first, then the lower ones.
    write : Out(1);  word : Out(rows * base)
        A word is written in this cycle.
    lower : Out(1)
        Its second word.
    complete, last : Out(1)
        All of it is written; it is one that ``last`` completed.
    """

    def __init__(self, configuration: Configuration, *, lanes: int) -> None:
        c = configuration
        self.beats, self.base, self.code_bits = c.rows // lanes, c.base, c.code_bits
        beat = data.StructLayout({"codes": data.ArrayLayout(c.code_bits, lanes), "last": 1})
        super().__init__({
            "i": In(stream.Signature(beat)),
            "two_digits": In(1),
            "write": Out(1),
            "word": Out(c.rows * c.base),
            "lower": Out(1),
            "complete": Out(1),
            "last": Out(1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        two_digits: Value = self.two_digits if self.code_bits > self.base else Const(0, 1)
        place = Signal(range(self.beats))
        completes = Signal()
        taken = Signal()
        m.d.comb += [
            completes.eq(self.i.p.last | (place == self.beats - 1)),
            self.i.ready.eq(
                ~completes | ~self.write | self.complete if self.code_bits > self.base else 1),
            taken.eq(self.i.valid & self.i.ready),
            self.complete.eq(self.write & (self.lower | ~two_digits)),
        ]
        codes: list[Value] = []
        coming = self.i.p.codes.as_value()
        for n in range(self.beats):
            kept = Signal(len(coming), name=f"kept_{n}", reset_less=True)
            beat = Signal(len(coming), name=f"beat_{n}", reset_less=True)
            with m.If(taken & (place == n)):
                m.d.sync += kept.eq(coming)
            with m.If(taken & completes):
                m.d.sync += beat.eq(Mux(place == n, coming, Mux(place > n, kept, 0)))
            codes += [beat.word_select(k, self.code_bits) for k in range(len(self.i.p.codes))]
        with m.If(taken):
            m.d.sync += place.eq(Mux(completes, 0, place + 1))
        with m.If(taken & completes):
            m.d.sync += [self.write.eq(1), self.lower.eq(0), self.last.eq(self.i.p.last)]
        with m.Elif(self.complete):
            m.d.sync += self.write.eq(0)
        with m.Else():
            m.d.sync += self.lower.eq(1)
        upper = two_digits & ~self.lower
        for n, code in enumerate(codes):
            digit = self.word.word_select(n, self.base)
            m.d.comb += digit.eq(Mux(upper, code[self.base :], code[: self.base]))
        return m
