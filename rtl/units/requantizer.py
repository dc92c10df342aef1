"""Requantizer: accumulators to codes by one multiplication, one rounding and one saturation."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream

from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.stream.stream_unit import Lane, StreamUnit

# A signed 18 × 18 multiplier block takes the 17 lower, unsigned bits of a longer accumulator.
_SPLIT = 17
# So many of the shift's lower bits are done in a stage of their own: the wide levels come first.
_FINE = 2


class RequantizerLane(Lane):
    """One accumulator to one code.

    Stages: 0 operands, 1 partial products, 2 product, 3 coarse shift, 4 fine shift, 5 zero point
    and saturation. ``((p + 2**(n-1)) >> n) = ((2 p >> n) + 1) >> 1``: the shifters keep one
    fraction bit, and of the integer part no more than zero point and saturation can tell apart.
    """

    def elaborate(self, platform: object) -> Module:
        m = Module()
        value = self._product(m)
        amount = self._amount(m)
        base = self.parameters["shift_base"]
        value = value >> (base - 1) if base else Cat(Const(0, 1), value).as_signed()
        kept = max(self.parameters["bits"], len(self.zero_point) - 1) + 3
        fine = min(_FINE, len(amount))
        sign, overflow = value[-1], Const(0, 1)
        for stage, levels in ((3, range(fine, len(amount))), (4, range(fine))):
            value, lost = self._shift(m, value, amount, levels, kept)
            value = self._register(m, value, stage, "shifted")
            overflow = self._register(m, overflow | lost, stage, "overflow")
            sign = self._register(m, sign, stage, "sign")
            if stage == 3 and fine:
                amount = self._register(m, amount[:fine], stage, "amount")

        total = Signal(signed(kept))
        m.d.comb += total.eq((value + Cat(Const(1, 1), self.zero_point).as_signed()) >> 1)
        bits = self.parameters["bits"]
        below = Signal()
        above = Signal()
        m.d.comb += [
            below.eq(Mux(overflow, sign, total[-1])),
            above.eq(Mux(overflow, ~sign, total[bits:].any())),
        ]
        code = Mux(below, 0, total[:bits] | above.replicate(bits))
        m.d.comb += self.o.code.eq(self._register(m, code, 5, "code"))
        return m

    def _register(self, m: Module, value: Value, stage: int, name: str) -> Signal:
        return registered(m, value, self.enable[stage], name=f"{name}_{stage}")

    def _product(self, m: Module) -> Signal:
        """``acc * multiplier`` after stage 2, from registered products of 18 × 18 blocks."""
        acc = self._register(m, self.i.acc, 0, "acc")
        multiplier = self._register(m, self.i.multiplier, 0, "multiplier")
        if len(acc) <= _SPLIT + 1:
            product = self._register(m, acc * multiplier, 1, "product")
        else:
            low = self._register(m, acc[:_SPLIT] * multiplier, 1, "product_low")
            high = self._register(m, acc[_SPLIT:].as_signed() * multiplier, 1, "product_high")
            upper = (high + low[_SPLIT:])[: len(high)]
            product = Cat(low[:_SPLIT], upper).as_signed()
        return self._register(m, product, 2, "product")

    def _amount(self, m: Module) -> Value:
        """The shift less a constant base, after stage 2."""
        if "shift" not in self.i.shape().members:
            amount = Const(0, 0)
        else:
            amount = self.i.shift
            for stage in (0, 1):
                amount = self._register(m, amount, stage, "shift")
        if self.parameters["shift_base"]:
            return self._register(m, amount, 2, "amount") if len(amount) else amount
        amount = (self.shift_base + amount)[: len(self.shift_base)]
        return self._register(m, amount, 2, "amount")

    def _shift(
        self, m: Module, value: Value, amount: Value, levels: range, kept: int
    ) -> tuple[Value, Value]:
        """``value >> amount`` by the bits of ``amount`` in ``levels``, largest first.

        Drops the upper bits that no later level can bring back into the ``kept`` ones; returns
        what remains and whether a dropped bit differed from the sign.
        """
        overflow = Const(0, 1)
        room = kept + (1 << levels.stop) - 1
        if len(value) > room:
            overflow, value = _differ(value[room - 1 :]), value[:room].as_signed()
        for level in reversed(levels):
            room = min(kept + (1 << level) - 1, len(value))
            shifted = Signal(signed(room), name=f"shifted_by_{1 << level}")
            lost = Signal(name=f"lost_by_{1 << level}")
            m.d.comb += [
                shifted.eq(Mux(amount[level], value >> (1 << level), value[:room].as_signed())),
                lost.eq(overflow | (~amount[level] & _differ(value[room - 1 :]))),
            ]
            value, overflow = shifted, lost
        return value, overflow


def _differ(bits: Value) -> Value:
    return bits.any() & ~bits.all()


class Requantizer(StreamUnit):
    """Accumulators to codes of one scale and zero point, a multiplier and shift an element.

    Equals :func:`vit2rtl.golden.arithmetic.requantizer.requantize`:
    ``clip(((acc * multiplier + 2**(n-1)) >> n) + zero_point, 0, 2**bits - 1)`` with
    ``n = shift_base + shift`` between 1 and 47.

    Latency ``PIPELINE_CYCLES`` = 6, one beat a cycle. A stalled ``o`` stalls ``i`` and loses
    nothing: up to six beats wait inside. ``last`` travels with its beat; reset discards what is
    inside.

    Parameters
    ----------
    lanes : int
        Elements a beat, 1 to 64. Lane 0 is in the least significant bits.
    bits : int
        Bits of the output code, 2 to 16.
    acc_width : int
        Bits of the signed accumulator, 2 to 32. Up to 18 take one 18 × 18 multiplier, more two.
    multiplier_width : int
        Bits of the unsigned multiplier, 2 to 18.
    shift_base : int
        Smallest shift of all, up to 40, or 0 to make it the run-time input ``shift_base``.
    shift_width : int
        Bits of the shift above the base that comes with each element, 0 to 3.
    zero_point_width : int
        Bits of the signed zero point, up to 32; 0 stands for ``bits + 1``.

    Members
    -------
    i : In(stream of {lanes: {acc: signed, multiplier: unsigned, shift: unsigned} × lanes, last: 1})
        Without ``shift`` if ``shift_width`` is 0.
    o : Out(stream of {lanes: {code: unsigned(bits)} × lanes, last: 1})
    shift_base : In(6)
        Only if the parameter is 0. Change only while nothing is inside.
    zero_point : In(signed(zero_point_width))
        Change only while nothing is inside.
    """

    PIPELINE_CYCLES = 6

    unit = "requantizer"
    lane = RequantizerLane
    i: stream.Interface
    o: stream.Interface
    zero_point: "Signal"
    # Only if the parameter is 0.
    shift_base: "Signal"

    def __init__(
        self,
        *,
        lanes: int = 4,
        bits: int = 4,
        acc_width: int = 27,
        multiplier_width: int = 16,
        shift_base: int = 0,
        shift_width: int = 3,
        zero_point_width: int = 0,
    ) -> None:
        super().__init__(
            lanes=lanes,
            bits=bits,
            acc_width=acc_width,
            multiplier_width=multiplier_width,
            shift_base=shift_base,
            shift_width=shift_width,
            zero_point_width=zero_point_width,
        )


COMPONENT = Requantizer
