"""Thresholds of a group's rows: two serial products a row, one small multiplier, as keys."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.softmax import THRESHOLD_BITS, THRESHOLD_SHIFT
from vit2rtl.golden.units.unit import Parameters
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.softmax_quantizer.comparison import BASE_BITS
from vit2rtl.rtl.units.softmax_quantizer.exponential import total_bits

# Unsigned digits of an 18 × 18 multiplier; two of each factor make four partial products.
_DIGIT = 17
_PARTS = 4
# Stages that shift a product by 8, 4, 2 and 1: no sum of up to 1024 tokens needs more than 12.
_LEVELS = 4
# Bits of a product that are below any mantissa: the smallest threshold has 31 bits.
_BELOW = THRESHOLD_BITS - 1


def _chosen(values: Sequence[Value], index: Value) -> Value:
    """One of several values, by a tree of two each."""
    if len(values) == 1:
        return values[0]
    pairs = [Mux(index[0], *values[n : n + 2][::-1]) if n + 1 < len(values) else values[n]
             for n in range(0, len(values), 2)]
    return _chosen(pairs, index[1:])


class ThresholdUnit(wiring.Component):
    """Sums of rows times ``threshold_a`` and ``threshold_b``, as keys: see ComparisonLane.

    A product is the sum of four partial products, the lowest digits first; of the digits that leave
    at the bottom it only matters whether any bit is set. Then it is shifted left until its
    uppermost bit is set, a stage for each bit of the shift. What is left are the fraction below
    that bit, whether there is more, and the exponent: ``base`` is the threshold's, less 2, which is
    an exponential's without octaves.

    Eight cycles a row, one row after the other; the last key is written :meth:`cycles` after the
    cycle of ``start``. Nothing stalls it; ``ready`` is low while it needs the totals.

    Members
    -------
    start : In(1)
        The totals are there, and stay while ``ready`` is low.
    ready : Out(1)
    totals : In(array of unsigned × lanes)
    threshold_a, threshold_b : In(32);  threshold_shift : In(6)
    write : Out(array of 2 bits × lanes)
        For a cycle one bit of them: a key of that lane, of ``threshold_a`` or of ``threshold_b``.
    last : Out(1)
        Beside the last key of all.
    fraction, above, base : Out
        The key.
    """

    def __init__(self, p: Parameters) -> None:
        self.p = p
        lanes = p["lanes"]
        # A sum is between 1.0 and tokens times 1.0, or zero; a threshold has 31 or 32 bits.
        self.window = p["exp_bits"] + p["tokens"].bit_length() + 1
        super().__init__({
            "start": In(1),
            "ready": Out(1),
            "totals": In(data.ArrayLayout(total_bits(p), lanes)),
            "threshold_a": In(THRESHOLD_BITS),
            "threshold_b": In(THRESHOLD_BITS),
            "threshold_shift": In(THRESHOLD_SHIFT.bit_length()),
            "write": Out(data.ArrayLayout(2, lanes)),
            "last": Out(1),
            "fraction": Out(p["exp_bits"] - 1),
            "above": Out(1),
            "base": Out(signed(BASE_BITS)),
        })

    @classmethod
    def cycles(cls, p: Parameters) -> int:
        """From ``start`` to the last key."""
        return 2 * _PARTS * p["lanes"] + 3 + _LEVELS

    def elaborate(self, platform: object) -> Module:
        m = Module()
        part, which, running = self._steps(m)
        digits = [registered(m, digit, running, name=name)
                  for name, digit in self._digits(part, which).items()]
        valids = [running, self._follows(m, running, 1)]
        product = registered(m, digits[0] * digits[1], valids[1], name="product")
        for stage, valid in enumerate(valids, 1):
            part = registered(m, part, valid, name=f"part_{stage}")
            which = registered(m, which, valid, name=f"which_{stage}")
        valid = self._follows(m, valids[1], 2)
        window, more = self._sum(m, product, part, valid)
        which = registered(m, which, valid, name="which_3")
        valid = self._follows(m, valid & (part == _PARTS - 1), 3)
        window, more, zeros, which, valid = self._normalized(m, window, more, which, valid)

        kept = self.p["exp_bits"] - 1
        rest = self.window - 1 - kept
        # Of a product without leading zeros, less 2.
        most = self.p["tokens"].bit_length() + _BELOW
        m.d.comb += [
            self.fraction.eq(window[rest : rest + kept]),
            self.above.eq(more | window[:rest].any()),
            self.base.eq(most - self.threshold_shift - zeros),
            self.last.eq(valid & self._end(which)),
        ]
        m.d.comb += [
            self.write[lane][odd].eq(valid & (which == 2 * lane + odd))
            for lane in range(self.p["lanes"])
            for odd in range(2)
        ]
        return m

    def _end(self, which: Value) -> Value:
        return which == 2 * self.p["lanes"] - 1

    def _follows(self, m: Module, valid: Value, stage: int) -> Signal:
        """Valid bit of a stage: what is in it came one cycle ago."""
        follows = Signal(name=f"valid_{stage}")
        m.d.sync += follows.eq(valid)
        return follows

    def _steps(self, m: Module) -> tuple[Signal, Signal, Signal]:
        """Partial product and key (twice the lane, one more for b) of a cycle, if there is one."""
        part = Signal(range(_PARTS))
        which = Signal(range(2 * self.p["lanes"]))
        running = Signal()
        m.d.comb += self.ready.eq(~running)
        with m.If(~running):
            with m.If(self.start):
                m.d.sync += [running.eq(1), part.eq(0), which.eq(0)]
        with m.Else():
            m.d.sync += part.eq(part + 1)
            with m.If(part == _PARTS - 1):
                m.d.sync += which.eq(which + 1)
                with m.If(self._end(which)):
                    m.d.sync += running.eq(0)
        return part, which, running

    def _digits(self, part: Value, which: Value) -> dict[str, Value]:
        """The lower bit of ``part`` chooses the threshold's digit, the upper one the total's."""
        total = _chosen([self.totals[lane] for lane in range(self.p["lanes"])], which[1:])
        threshold = Mux(which[0], self.threshold_b, self.threshold_a)
        return {
            "total_digit": Mux(part[1], total[_DIGIT:], total[:_DIGIT]),
            "threshold_digit": Mux(part[0], threshold[_DIGIT:], threshold[:_DIGIT]),
        }

    def _sum(self, m: Module, product: Value, part: Value, valid: Value) -> tuple[Value, Value]:
        """Bits ``_BELOW`` and up of the whole product, and whether one below them is set."""
        total = Signal(2 * _DIGIT)
        lowest = Signal()
        middle = Signal(_DIGIT)
        shifted = Mux(part[0], total >> _DIGIT, total)
        with m.If(valid):
            m.d.sync += total.eq(Mux(part == 0, 0, shifted) + product)
            with m.If(part == 1):
                m.d.sync += lowest.eq(total[:_DIGIT].any())
            with m.If(part == _PARTS - 1):
                m.d.sync += middle.eq(total[:_DIGIT])
        split = _BELOW - _DIGIT
        whole = Cat(middle[split:], total)[: self.window]
        return whole, lowest | middle[:split].any()

    def _normalized(
        self, m: Module, window: Value, more: Value, which: Value, valid: Value
    ) -> tuple[Value, Value, Value, Value, Value]:
        """The window from its uppermost bit that is set, and how many were above it."""
        zeros: list[Value] = []
        for level in reversed(range(_LEVELS)):
            step = 1 << level
            empty = Signal(name=f"empty_{step}")
            m.d.comb += empty.eq(~window[-step:].any())
            moved = Mux(empty, window << step, window)[: self.window]
            window = registered(m, moved, valid, name=f"window_{step}")
            more = registered(m, more, valid, name=f"more_{step}")
            which = registered(m, which, valid, name=f"which_{step}")
            count = registered(m, Cat(empty, *zeros), valid, name=f"zeros_{step}")
            zeros = list(count)
            valid = self._follows(m, valid, step + _PARTS)
        return window, more, Cat(*zeros), which, valid
