"""The multiplier that a row's products go through one after the other."""

from amaranth.hdl import Cat, Const, Module, Shape, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.rtl.stream.pipeline import registered

# Unsigned lower bits of an operand: a multiplier block has 18 × 18 signed ones.
PART = 17


class SerialMultiplier(wiring.Component):
    """``start + a * b`` or ``start - a * b``, from four products of parts of the operands.

    Latency ``PIPELINE_CYCLES`` = 3, a product a cycle: parts, their two sums, the sum of those. All
    stages move by ``enable``. What is subtracted is added as its ones' complement; the one that
    each of the two sums then lacks has its place below ``start``.

    Parameters
    ----------
    width : int
        Bits of a signed operand, 18 to 35.

    Members
    -------
    enable : In(1)
    a, b : In(signed(width))
    start : In, negate : In(1)
        One stage after the operands; ``start`` in units of 2**18.
    product : Out(signed(2 * width))
    """

    PIPELINE_CYCLES = 3

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(
            {
                "enable": In(1),
                "a": In(signed(width)),
                "b": In(signed(width)),
                "start": In(self.start_shape(width)),
                "negate": In(1),
                "product": Out(signed(2 * width)),
            }
        )

    @classmethod
    def start_shape(cls, width: int) -> Shape:
        """Of ``start``."""
        return unsigned(2 * width - PART - 1)

    def elaborate(self, platform: object) -> Module:
        m = Module()

        def after(value, name):
            return registered(m, value, self.enable, name=name)

        (a_low, a_high), (b_low, b_high) = (
            (x[:PART], x[PART:].as_signed()) for x in (self.a, self.b)
        )
        outer = Cat(after(a_low * b_low, "low_low"), after(a_high * b_high, "high_high"))
        high_low, low_high = after(a_high * b_low, "high_low"), after(a_low * b_high, "low_high")

        start = Signal(2 * self.width)
        flipped = Signal(2 * self.width)
        ones = Cat(self.negate, Const(0, PART - 1), self.negate)
        m.d.comb += [
            start.eq(Cat(ones, self.start)),
            flipped.eq(outer ^ self.negate.replicate(2 * self.width)),
        ]
        base = after((start + flipped)[: 2 * self.width], "base")
        inner = after(high_low + low_high, "inner")
        negate = after(self.negate, "negate_inner")

        crossed = Signal.like(inner)
        upper = Signal(2 * self.width - PART)
        m.d.comb += [
            crossed.eq(inner ^ negate.replicate(len(inner))),
            upper.eq(base[PART:] + crossed),
            self.product.eq(after(Cat(base[:PART], upper), "sum")),
        ]
        return m
