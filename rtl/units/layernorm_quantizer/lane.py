"""One lane of the LayerNorm quantizer: an element, its row's constants, gain, offset; a code."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.layernorm import FRACTION
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.layernorm_quantizer.budget import AMOUNT_BITS, Budget

# A signed 18 × 18 multiplier block takes the 17 lower, unsigned bits of a longer factor.
_PART = 17


class LayerNormLane(wiring.Component):
    """``clip((((x D r - S1 r) gain >> 1 + amount) + offset) >> 16)``, half a code in the offset.

    ``x D r - S1 r`` is ``(D x - S1) r`` without a subtraction an element: D r and S1 r are
    constants of a row. The product is exact; of the shifted one there are no more bits than
    :class:`~.budget.Budget` ``kept`` says, which needs constants that are those of the element's
    row. Five 18 × 18 multiplier blocks up to 8192 channels: two for D r, three for the gain.

    Latency ``PIPELINE_CYCLES`` = 10, one element a cycle; no handshake: all stages move by
    ``enable``. What belongs to an element is given later than the element by as many stages as
    ``STAGES`` says, so that nobody has to carry it along.

    Parameters
    ----------
    budget : Budget
    bits : int
        Of a code.

    Members
    -------
    enable : In(1)
    element : In(signed(width)), factor : In(unsigned)
        x and D r.
    mean : In(signed)
        S1 r.
    gain : In(signed(17)), offset : In(signed(42))
        The offset with half a code added.
    amount : In(6), fine : In(3)
        The shift less one, and its lower bits once more.
    code : Out(bits)
        From a register.
    """

    PIPELINE_CYCLES = 10
    STAGES: Mapping[str, int] = {
        "element": 0, "factor": 0, "mean": 1, "gain": 3, "amount": 6, "fine": 7, "offset": 8}
    # Bits of the shift that its first stage and its second one do.
    COARSE, FINE = range(3, AMOUNT_BITS), range(3)

    def __init__(self, budget: Budget, bits: int) -> None:
        self.budget, self.bits = budget, bits
        super().__init__(self.ports(budget, bits))

    @classmethod
    def ports(cls, budget: Budget, bits: int) -> wiring.Signature:
        """Signature: operands as wide as the budget says."""
        return wiring.Signature(
            {
                "enable": In(1),
                "element": In(budget.element),
                "factor": In(budget.factor),
                "mean": In(budget.mean),
                "gain": In(budget.gain),
                "amount": In(AMOUNT_BITS),
                "fine": In(len(cls.FINE)),
                "offset": In(budget.offset),
                "code": Out(bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        normal = self._normal(m)
        scaled = self._scaled(m, normal)
        coarse = self._shifted(m, scaled[1:].as_signed(), self.amount, self.COARSE)
        coarse = self._after(m, coarse, "coarse")
        shifted = self._after(m, self._shifted(m, coarse, self.fine, self.FINE), "shifted")
        total = self._after(m, _fitted(shifted + self.offset, self.budget.offset), "total")
        value = total[FRACTION:]
        above = value[self.bits : -1].any().replicate(self.bits)
        code = Mux(value[-1], 0, value[: self.bits] | above)
        m.d.comb += self.code.eq(self._after(m, code, "clipped"))
        return m

    def _after(self, m: Module, value: Value, name: str) -> Signal:
        return registered(m, value, self.enable, name=name)

    def _normal(self, m: Module) -> Signal:
        """``x D r - S1 r`` after three stages."""
        low = self._after(m, self.element * self.factor[:_PART], "low_product")
        high = self._after(m, self.element * self.factor[_PART:], "high_product")
        partial = self._after(m, _fitted(low - self.mean, self.budget.normal), "partial")
        high = self._after(m, high, "high_delayed")
        upper = Signal(len(partial) - _PART)
        m.d.comb += upper.eq(partial[_PART:] + high)
        return self._after(m, Cat(partial[:_PART], upper).as_signed(), "normal")

    def _scaled(self, m: Module, normal: Signal) -> Signal:
        """``normal * gain`` after three stages, from two or three products of 17 bits of it."""
        parts = [normal[n : n + _PART] for n in range(0, len(normal), _PART)]
        parts[-1] = parts[-1].as_signed()
        products = [
            self._after(m, part * self.gain, f"product_{n}") for n, part in enumerate(parts)
        ]
        carry = products[0][_PART:].as_signed()
        low = self._after(m, products[0][:_PART], "low_bits")
        middle = self._after(m, _fitted(products[1] + carry, products[1].shape()), "middle")
        upper: Value = middle[_PART:].as_signed()
        if len(products) == 3:
            upper = self._after(m, products[2], "highest") + upper
        value = Cat(low, middle[:_PART], upper).as_signed()
        return self._after(m, _fitted(value, self.budget.scaled), "scaled")

    def _shifted(self, m: Module, value: Value, amount: Value, levels: range) -> Value:
        """``value >> amount`` by the bits of ``amount`` in ``levels``, the largest first.

        Upper bits that no later level can bring back into the kept ones are equal to the sign.
        """
        for level in reversed(levels):
            room = min(self.budget.kept.width + (1 << level) - 1, len(value))
            shifted = Signal(signed(room), name=f"shifted_by_{1 << level}")
            m.d.comb += shifted.eq(Mux(amount[level], value >> (1 << level), value))
            value = shifted
        return value


def _fitted(value: Value, shape: Shape) -> Value:
    """The lower bits of a sum that fits them."""
    return value[: shape.width].as_signed()
