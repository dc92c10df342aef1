"""The data path that requantizers share: one product, one windowed shift, one fraction bit left."""

from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from vit2rtl.rtl.stream.pipeline import registered

# A signed 18 × 18 multiplier block takes the 17 lower, unsigned bits of a longer accumulator.
SPLIT = 17
# So many of the shift's lower bits have a level each; the two above them share one.
_FINE = 4


@dataclass(frozen=True)
class Rescaled:
    """``2 * acc * multiplier >> n``: what is to be rounded, and saturated.

    A multiplexer behind the registers of the last stage.

    value     signed(kept), one fraction bit at its end; of no meaning where ``overflow``
    overflow  bits that were dropped differ from the sign
    sign      of the product
    """

    value: Value
    overflow: Value
    sign: Value


@dataclass(frozen=True)
class _Number:
    """On its way through the levels: ``bits`` below the sign, inverted by it or not."""

    bits: Value
    sign: Value
    overflow: Value
    inverted: bool

    @property
    def filling(self) -> Value:
        """What comes in from above."""
        return Const(0, 1) if self.inverted else self.sign


class Rescaling:
    """Adds the registers of ``STAGES`` pipeline stages to a lane's module.

    Stages, from ``first`` on: operands, partial products, product, coarse shift, fine shift. A
    product of one multiplier block is there a stage earlier, and the fine shift takes two. Its last
    bit is left to the stage behind: of many levels between registers synthesis makes fewer, wider
    ones for speed, which take more look-up tables.

    ``((p + 2**(n-1)) >> n) = ((2 p >> n) + 1) >> 1``: the shifters keep one fraction bit, and of
    the integer part no more than ``kept`` bits can tell apart.

    The coarse shift is by 0, 16 or 32, since no shift is 48 or more: one level. There negative
    numbers are inverted, and the last level inverts them back: what comes in from above is 0, and
    costs nothing in a register that has a synchronous reset. So -5 = ..1011 becomes 0100, one to
    the right 0010, and back ..1101 = -3, the floor of -5/2. A level's bit has four inputs at most,
    one look-up table: two bits, which of them, the sign.

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
        product, stage = self._product(acc, multiplier)
        amount = self._amount(shift, base, stage)
        value = Cat(Const(0, 1), product)
        if isinstance(base, int):
            value = value[min(base, len(value) - 1) :]
        bits, sign = value[:-1], value[-1]
        if len(amount) <= _FINE:
            room = kept - 2 + (1 << len(amount))
            number = _Number(bits[:room], sign, _differ(bits[room:], sign), inverted=False)
        else:
            stage += 1
            number = self._coarse(bits, sign, amount[_FINE:], stage, kept)
            amount = self._register(amount[:_FINE], stage, "amount")
        return self._fine(number, amount, stage, kept)

    def _fine(self, number: _Number, amount: Value, stage: int, kept: int) -> Rescaled:
        """``number >> amount`` behind ``stage``: a level a bit, all but the last in registers."""
        levels = list(reversed(range(1, len(amount))))
        for after in range(stage + 1, self.STAGES):
            count = -(-len(levels) // (self.STAGES - after))
            for level in levels[:count]:
                number = self._level(number, level, amount[level], kept)
            levels = levels[count:]
            number = replace(
                number,
                bits=self._register(number.bits, after, "shifted"),
                overflow=self._register(number.overflow, after, "overflow"),
                sign=self._register(number.sign, after, "sign"),
            )
            if len(amount):
                amount = self._register(amount[: len(levels) + 1], after, "amount")
        if len(amount):
            number = self._level(number, 0, amount[0], kept)
        bits = number.bits
        if number.inverted:
            bits = bits ^ number.sign.replicate(len(bits))
        return Rescaled(Cat(bits, number.sign).as_signed(), number.overflow, number.sign)

    def _register(
        self, value: Value, stage: int, name: str, *, clear: Value | None = None
    ) -> Signal:
        stage += self.first
        enable = self.enable[stage]
        return registered(self.m, value, enable, name=f"{name}_{stage}", clear=clear)

    def _product(self, acc: Value, multiplier: Value) -> tuple[Signal, int]:
        """``acc * multiplier`` from registered products of 18 × 18 blocks, and its stage."""
        acc = self._register(acc, 0, "acc")
        multiplier = self._register(multiplier, 0, "multiplier")
        if len(acc) <= SPLIT + 1:
            return self._register(acc * multiplier, 1, "product"), 1
        low = self._register(acc[:SPLIT] * multiplier, 1, "product_low")
        high = self._register(acc[SPLIT:].as_signed() * multiplier, 1, "product_high")
        upper = (high + low[SPLIT:])[: len(high)]
        return self._register(Cat(low[:SPLIT], upper).as_signed(), 2, "product"), 2

    def _amount(self, shift: Value | None, base: int | Value, last: int) -> Value:
        """The shift less a constant base, after stage ``last``."""
        amount: Value = Const(0, 0)
        if shift is not None:
            amount = shift
            for stage in range(last):
                amount = self._register(amount, stage, "shift")
        if not isinstance(base, int):
            amount = (base + amount)[: len(base)]
        return self._register(amount, last, "amount") if len(amount) else amount

    def _coarse(
        self, bits: Value, sign: Value, amount: Value, stage: int, kept: int
    ) -> _Number:
        """``bits >> 16 * amount`` after ``stage``, inverted.

        No more of them than the fine shift can bring into the ``kept`` ones.
        """
        step, room = 1 << _FINE, min(len(bits), kept - 2 + (1 << _FINE))
        once, twice = amount[0], amount[1]
        overflow = (
            _differ(bits[room + 2 * step :], sign)
            | (~twice & _differ(bits[room + step : room + 2 * step], sign))
            | (~twice & ~once & _differ(bits[room : room + step], sign))
        )
        # What has a bit 32 above it; what has one 16 above it; the rest.
        nearest, near = (max(0, min(room, len(bits) - n * step)) for n in (2, 1))
        shifted = Mux(once, bits[step : step + near], bits[:near])
        third = Mux(twice, bits[2 * step : 2 * step + nearest], shifted[:nearest])
        parts = [
            self._register(third ^ sign.replicate(nearest), stage, "nearest"),
            self._register(shifted[nearest:] ^ sign.replicate(near - nearest), stage, "near",
                           clear=twice),
        ]
        # Inverted behind the register, by a sign that is cleared, too: in the next level's tables.
        far = self._register(Cat(bits[near:room], sign), stage, "far", clear=once | twice)
        parts.append(far[:-1] ^ far[-1].replicate(room - near))
        return _Number(
            bits=Cat(parts),
            overflow=self._register(overflow, stage, "overflow"),
            sign=self._register(sign, stage, "sign"),
            inverted=True,
        )

    def _level(self, number: _Number, level: int, shifts: Value, kept: int) -> _Number:
        """``number >> 2**level`` where ``shifts``; drops what no later level brings back."""
        step, room = 1 << level, kept - 2 + (1 << level)
        bits, filling = number.bits, number.filling
        shifted = Signal(min(room, len(bits)), name=f"shifted_by_{step}")
        lost = Signal(name=f"lost_by_{step}")
        further = Cat(bits[step:], filling.replicate(min(step, len(bits))))
        self.m.d.comb += [
            shifted.eq(Mux(shifts, further, bits)),
            lost.eq(~shifts & _differ(bits[room:], filling)),
        ]
        return replace(number, bits=shifted, overflow=number.overflow | lost)


def _differ(bits: Value, sign: Value) -> Value:
    return (bits ^ sign.replicate(len(bits))).any()
