"""Dequantizer of log√2 codes: a mantissa picked by the code's parity, and a shift."""

from math import isqrt

from amaranth.hdl import Module, Mux
from amaranth.lib import stream

from vit2rtl.golden.arithmetic.log_sqrt2 import code_count
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.stream.stream_unit import Lane, StreamUnit


class Log2DequantizerLane(Lane):
    """One code to one fixed-point value; a single register stage."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width, zero_code = self.parameters["width"], self.parameters["zero_code"]
        one = 1 << (width - 1)
        mantissa = Mux(self.i.code[0], isqrt(one * one // 2), one)
        if zero_code != "none":
            last = code_count(self.parameters["bits"], zero_code) - 1
            mantissa = Mux(self.i.code == last, 0, mantissa)
        value = (mantissa >> self.i.code[1:])[:width]
        # With a reset of its own: synthesis would make one of the cases in which bits are zero.
        result = registered(m, value, self.enable[0], name="value", reset=True)
        m.d.comb += self.o.value.eq(result)
        return m


class Log2Dequantizer(StreamUnit):
    """log√2 codes to fixed-point values, without a multiplier.

    Equals :func:`vit2rtl.golden.arithmetic.log_sqrt2.dequantize`. The code's least significant
    bit picks the mantissa, 1 or 1/√2; the remaining bits are a right shift.

    Latency ``PIPELINE_CYCLES`` = 1, one beat a cycle. A stalled ``o`` stalls ``i`` and loses
    nothing: one beat waits inside. ``last`` travels with its beat; reset discards what is inside.

    Parameters
    ----------
    lanes : int
        Elements a beat, 1 to 64. Lane 0 is in the least significant bits.
    bits : int
        Activation bits, 2 to 8.
    width : int
        Bits of the result, 2 to 32; 1.0 is ``2**(width-1)``.
    zero_code : str
        ``"top"``, ``"extra"`` or ``"none"``, see
        :func:`vit2rtl.golden.arithmetic.log_sqrt2.code_count`.

    Members
    -------
    i : In(stream of {lanes: {code: unsigned(bits)} × lanes, last: 1})
        One bit more with ``zero_code="extra"``. Codes above the last one have no defined value.
    o : Out(stream of {lanes: {value: unsigned(width)} × lanes, last: 1})
    """

    PIPELINE_CYCLES = 1

    unit = "log2_dequantizer"
    lane = Log2DequantizerLane
    i: stream.Interface
    o: stream.Interface

    def __init__(
        self,
        *,
        lanes: int = 4,
        bits: int = 4,
        width: int = 16,
        zero_code: str = "top",
    ) -> None:
        super().__init__(lanes=lanes, bits=bits, width=width, zero_code=zero_code)


COMPONENT = Log2Dequantizer
