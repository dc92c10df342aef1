"""The requantizer of attention × V: two sums with a multiplier each, one rounding."""

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.attention_value import MULTIPLIER_BITS
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE
from vit2rtl.golden.units.unit import Parameters
from vit2rtl.rtl.units.requantizer import RequantizerLane
from vit2rtl.rtl.units.rescaling import SPLIT, Rescaled, Rescaling


class PairRescaling(Rescaling):
    """A :class:`Rescaling` of two accumulators, the one above the other, and so the multipliers.

    Their products are added where those of one accumulator's parts are, in stage 2.
    """

    def _product(self, acc: Value, multiplier: Value) -> tuple[Signal, int]:
        (low_even, high_even), (low_odd, high_odd) = (
            self._parts(acc[side * len(acc) // 2 :][: len(acc) // 2].as_signed(),
                        multiplier[side * MULTIPLIER_BITS :][:MULTIPLIER_BITS], name)
            for side, name in enumerate(("even", "odd"))
        )
        total: Value = high_even + high_odd
        if len(acc) // 2 > SPLIT + 1:
            low = low_even + low_odd
            total = Cat(low[:SPLIT], total + low[SPLIT:]).as_signed()
        return self._register(total, 2, "product"), 2

    def _parts(self, acc: Value, multiplier: Value, name: str) -> tuple[Value, Value]:
        """Products after stage 1: nothing and the whole, or those of the lower and upper part."""
        acc = self._register(acc, 0, f"acc_{name}")
        multiplier = self._register(multiplier, 0, f"multiplier_{name}")
        if len(acc) <= SPLIT + 1:
            return Signal(0), self._register(acc * multiplier, 1, f"product_{name}")
        return (self._register(acc[:SPLIT] * multiplier, 1, f"low_{name}"),
                self._register(acc[SPLIT:].as_signed() * multiplier, 1, f"high_{name}"))


class PairRequantizer(RequantizerLane):
    """A pair of sums to a code: a requantizer whose product is ``even * M_E + odd * M_O``.

    Stages, rounding and saturation are those of :class:`RequantizerLane`. Sums of up to 18 bits
    take one 18 × 18 multiplier each, others two.

    Members
    -------
    enable : In(6)
        Bit n loads the registers of stage n.
    i : In({even: signed(acc_width), odd: signed(acc_width)})
    o : Out({code: unsigned(output_bits)})
    multiplier_even, multiplier_odd : In(17);  shift : In(6);  zero_point : In(signed)
        Change only while nothing is inside.
    """

    def __init__(self, parameters: Parameters) -> None:
        bits, acc = parameters["output_bits"], signed(parameters["acc_width"])
        self.parameters = {"bits": bits}
        wiring.Component.__init__(self, {
            "enable": In(Rescaling.STAGES + 1),
            "i": In(data.StructLayout({"even": acc, "odd": acc})),
            "o": Out(data.StructLayout({"code": bits})),
            "multiplier_even": In(MULTIPLIER_BITS),
            "multiplier_odd": In(MULTIPLIER_BITS),
            "shift": In(SHIFT_RANGE[1].bit_length()),
            "zero_point": In(signed(bits + 1)),
        })

    def _rescaled(self, m: Module, kept: int) -> Rescaled:
        return PairRescaling(m, self.enable).rescaled(
            self.i.as_value(), Cat(self.multiplier_even, self.multiplier_odd), None, self.shift,
            kept=kept)
