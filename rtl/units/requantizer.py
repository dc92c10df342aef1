"""Requantizer: accumulators to codes by one multiplication, one rounding and one saturation."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream

from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.stream.stream_unit import Lane, StreamUnit
from vit2rtl.rtl.units.rescaling import Rescaled, Rescaling


class RequantizerLane(Lane):
    """One accumulator to one code.

    Stages: those of :class:`~vit2rtl.rtl.units.rescaling.Rescaling`, then 5, its last multiplexer,
    zero point and saturation. Of the integer part no more is kept than these can tell apart.
    """

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self.parameters["bits"]
        kept = max(bits, len(self.zero_point) - 1) + 3
        rescaled = self._rescaled(m, kept)
        total = Signal(signed(kept))
        zero_point = Cat(Const(1, 1), self.zero_point).as_signed()
        m.d.comb += total.eq((rescaled.value + zero_point) >> 1)
        below = Signal()
        above = Signal()
        m.d.comb += [
            below.eq(Mux(rescaled.overflow, rescaled.sign, total[-1])),
            above.eq(Mux(rescaled.overflow, ~rescaled.sign, total[bits:].any())),
        ]
        code = Mux(below, 0, total[:bits] | above.replicate(bits))
        m.d.comb += self.o.code.eq(
            registered(m, code, self.enable[Rescaling.STAGES], name="code_5")
        )
        return m

    def _rescaled(self, m: Module, kept: int) -> Rescaled:
        """The product, shifted, with one fraction bit left."""
        return Rescaling(m, self.enable).rescaled(
            self.i.acc,
            self.i.multiplier,
            self.i.shift if "shift" in self.i.shape().members else None,
            self.parameters["shift_base"] or self.shift_base,
            kept=kept,
        )


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
