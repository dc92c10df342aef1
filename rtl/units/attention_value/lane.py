"""A lane of attention × V: one query and one channel, its two sums, no multiplier."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.attention_value import fraction_bits
from vit2rtl.golden.units.unit import Parameters


class AttentionValueLane(wiring.Component):
    """Sums of one query and one channel: shift, add, keep what is whole while the next ones begin.

    A centered value is shifted left into a term, and the term added to the even sum or to the odd
    one, modulo ``2**acc_width``: one adder, behind a choice of the sum. A second adder in place of
    the choice takes a fifth more cells.

    Latency 1 from ``value`` to the term, 2 to the sum that holds it, 3 to its copy; a term a cycle.
    The lane knows nothing of valid beats: an array moves all its lanes together.

    Members
    -------
    value : In(signed(value_bits + 1))
        A centered value.
    amount : In(unsigned), none : In(1)
        How far to shift it, and whether its code is the zero code instead.
    moves : In(1)
        Make it a term.
    parity, add : In(1)
        Whether the term belongs to the odd sum; add it.
    keep : In(1)
        Copy the sums, and begin new ones from zero; nothing is added in this cycle.
    clear : In(1)
        Set the copies to zero.
    even, odd : Out(signed(acc_width))
        The copies.
    """

    def __init__(self, parameters: Parameters) -> None:
        self.fraction = fraction_bits(parameters["bits"], parameters["zero_code"])
        self.value_width = parameters["value_bits"] + 1
        self.acc_width = parameters["acc_width"]
        super().__init__({
            "value": In(signed(self.value_width)),
            "amount": In(range(self.fraction + 1)),
            **{name: In(1) for name in (
                "none", "moves", "parity", "add", "keep", "clear")},
            **{name: Out(signed(self.acc_width)) for name in ("even", "odd")},
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = min(self.value_width + self.fraction, self.acc_width)
        term = Signal(signed(width), reset_less=True)
        with m.If(self.moves):
            m.d.sync += term.eq(Mux(self.none, 0, self.value << self.amount))
        sums = [Signal(signed(self.acc_width), name=f"sum_{name}") for name in ("even", "odd")]
        after = Signal(signed(self.acc_width))
        m.d.comb += after.eq(Mux(self.parity, sums[1], sums[0]) + term)
        for odd, (name, total) in enumerate(zip(("even", "odd"), sums, strict=True)):
            with m.If(self.keep):
                m.d.sync += total.eq(0)
            with m.Elif(self.add & (self.parity if odd else ~self.parity)):
                m.d.sync += total.eq(after)
            kept = Signal(signed(self.acc_width), name=f"kept_{name}", reset_less=True)
            with m.If(self.clear):
                m.d.sync += kept.eq(0)
            with m.Elif(self.keep):
                m.d.sync += kept.eq(total)
            m.d.comb += getattr(self, name).eq(kept)
        return m
