"""The data path that requantizers share: one product, one windowed shift, one fraction bit left."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from vit2rtl.rtl.stream.pipeline import registered

# A signed 18 × 18 multiplier block takes the 17 lower, unsigned bits of a longer accumulator.
SPLIT = 17
# So many of the shift's lower bits are done in a stage of their own: the wide levels come first.
_FINE = 2


@dataclass(frozen=True)
class Rescaled:
    """``2 * acc * multiplier >> n`` after the last stage: what is to be rounded, and saturated.

    value     signed(kept), one fraction bit at its end; of no meaning where ``overflow``
    overflow  bits that were dropped differ from the sign
    sign      of the product
    """

    value: Value
    overflow: Value
    sign: Value


class Rescaling:
    """Adds the registers of ``STAGES`` pipeline stages to a lane's module.

    Stages, from ``first`` on: operands, partial products, product, coarse shift, fine shift.
    ``((p + 2**(n-1)) >> n) = ((2 p >> n) + 1) >> 1``: the shifters keep one fraction bit, and of
    the integer part no more than ``kept`` bits can tell apart.

    Parameters
    ----------
    enable : Value
        Bit n loads stage n of the lane.
    first : int
        The lane's stage that has the operands.
    """

    STAGES = 5

    def __init__(self, m: Module, enable: Value, *, first: int = 0) -> None:
        self.m, self.enable, self.first = m, enable, first

    def rescaled(
        self, acc: Value, multiplier: Value, shift: Value | None, base: int | Value, *, kept: int
    ) -> Rescaled:
        """``acc * multiplier`` shifted by ``base + shift``.

        acc         signed; up to 18 bits take one multiplier block, more two
        multiplier  unsigned
        shift       unsigned, or None for none; comes with the operands
        base        a constant of at least 1, or a signal that is at rest
        kept        bits of the result
        """
        value: Value = self._product(acc, multiplier)
        amount = self._amount(shift, base)
        if isinstance(base, int):
            value = value >> (base - 1)
        else:
            value = Cat(Const(0, 1), value).as_signed()
        fine = min(_FINE, len(amount))
        sign, overflow = value[-1], Const(0, 1)
        for stage, levels in ((3, range(fine, len(amount))), (4, range(fine))):
            value, lost = self._shift(value, amount, levels, kept)
            value = self._register(value, stage, "shifted")
            overflow = self._register(overflow | lost, stage, "overflow")
            sign = self._register(sign, stage, "sign")
            if stage == 3 and fine:
                amount = self._register(amount[:fine], stage, "amount")
        return Rescaled(value, overflow, sign)

    def _register(self, value: Value, stage: int, name: str) -> Signal:
        stage += self.first
        return registered(self.m, value, self.enable[stage], name=f"{name}_{stage}")

    def _product(self, acc: Value, multiplier: Value) -> Signal:
        """``acc * multiplier`` after stage 2, from registered products of 18 × 18 blocks."""
        acc = self._register(acc, 0, "acc")
        multiplier = self._register(multiplier, 0, "multiplier")
        if len(acc) <= SPLIT + 1:
            product: Value = self._register(acc * multiplier, 1, "product")
        else:
            low = self._register(acc[:SPLIT] * multiplier, 1, "product_low")
            high = self._register(acc[SPLIT:].as_signed() * multiplier, 1, "product_high")
            upper = (high + low[SPLIT:])[: len(high)]
            product = Cat(low[:SPLIT], upper).as_signed()
        return self._register(product, 2, "product")

    def _amount(self, shift: Value | None, base: int | Value) -> Value:
        """The shift less a constant base, after stage 2."""
        amount: Value = Const(0, 0)
        if shift is not None:
            amount = shift
            for stage in (0, 1):
                amount = self._register(amount, stage, "shift")
        if isinstance(base, int):
            return self._register(amount, 2, "amount") if len(amount) else amount
        amount = (base + amount)[: len(base)]
        return self._register(amount, 2, "amount")

    def _shift(
        self, value: Value, amount: Value, levels: range, kept: int
    ) -> tuple[Value, Value]:
        """``value >> amount`` by the bits of ``amount`` in ``levels``, largest first.

        Drops the upper bits that no later level can bring back into the ``kept`` ones; returns
        what remains and whether a dropped bit differed from the sign.
        """
        overflow: Value = Const(0, 1)
        room = kept + (1 << levels.stop) - 1
        if len(value) > room:
            overflow, value = _differ(value[room - 1 :]), value[:room].as_signed()
        for level in reversed(levels):
            room = min(kept + (1 << level) - 1, len(value))
            shifted = Signal(signed(room), name=f"shifted_by_{1 << level}")
            lost = Signal(name=f"lost_by_{1 << level}")
            self.m.d.comb += [
                shifted.eq(Mux(amount[level], value >> (1 << level), value[:room].as_signed())),
                lost.eq(overflow | (~amount[level] & _differ(value[room - 1 :]))),
            ]
            value, overflow = shifted, lost
        return value, overflow


def _differ(bits: Value) -> Value:
    return bits.any() & ~bits.all()
