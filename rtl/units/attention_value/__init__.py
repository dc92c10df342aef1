"""Attention × V in Amaranth (R5): lanes that shift and add, what drains them, a requantizer."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream

from vit2rtl.rtl.stream.pipeline import PipelineControl
from vit2rtl.rtl.stream.skid import SkidBuffer
from vit2rtl.rtl.stream.stream_unit import UnitComponent
from vit2rtl.rtl.units.attention_value.array import AttentionValueArray
from vit2rtl.rtl.units.attention_value.drain import pair_layout
from vit2rtl.rtl.units.attention_value.pair_requantizer import PairRequantizer
from vit2rtl.rtl.units.requantizer import Requantizer


class AttentionValue(UnitComponent):
    """Tiles of attention × V: ``rows`` queries times ``lanes`` channels, a token a cycle.

    Equals :func:`vit2rtl.golden.arithmetic.attention_value.accumulate` and
    :func:`~vit2rtl.golden.arithmetic.attention_value.requantize` as long as no sum leaves
    ``acc_width`` bits; beyond, sums wrap in two's complement. A token is a beat of ``i`` and one of
    ``i_codes``, taken in the same cycle; a tile ends with ``last`` of ``i``.

    Latency ``PIPELINE_CYCLES`` = 12 from a tile's last token to its first result, one result a
    cycle. A tile takes ``max(tokens, rows * lanes) + 1`` cycles: the next one is summed up while it
    drains. A stalled ``o`` stalls both streams once two tiles are inside, and loses nothing. Reset
    discards what is inside.

    Parameters
    ----------
    lanes : int
        Channels side by side, 1 to 64. Lane 0 is in the least significant bits.
    rows : int
        Queries side by side, 1 to 64.
    bits : int
        Bits of the log√2 codes, 2 to 8.
    zero_code : str
        ``"top"``, ``"extra"`` or ``"none"``, see
        :func:`vit2rtl.golden.arithmetic.log_sqrt2.code_count`.
    value_bits : int
        Bits of v's codes, 2 to 8.
    acc_width : int
        Bits of a signed sum, 4 to 31; see :func:`vit2rtl.golden.arithmetic.attention_value.bound`.
        Up to 18 take one 18 × 18 multiplier each in the requantizer, more two.
    output_bits : int
        Bits of the results' codes, 2 to 16.

    Members
    -------
    i : In(stream of {lanes: {value: unsigned(value_bits)} × lanes, last: 1})
        A token's codes of v.
    i_codes : In(stream of {lanes: {code: unsigned(bits)} × rows, last: 1})
        A token's log√2 code of each query; one bit more with ``zero_code="extra"``.
    o : Out(stream of {lanes: {result: unsigned(output_bits)} × 1, last: 1})
        Of each query its channels, first to last.
    v_zero_point : In(value_bits + 1)
    multiplier_even, multiplier_odd : In(17)
        From :func:`vit2rtl.golden.arithmetic.attention_value.multipliers`.
    shift : In(6)
    zero_point : In(signed(output_bits + 1))
        Change only while nothing is inside, as all of these.
    """

    PIPELINE_CYCLES = AttentionValueArray.PIPELINE_CYCLES + Requantizer.PIPELINE_CYCLES

    unit = "attention_value"
    i: stream.Interface
    i_codes: stream.Interface
    o: stream.Interface
    v_zero_point: "Signal"
    multiplier_even: "Signal"
    multiplier_odd: "Signal"
    shift: "Signal"
    zero_point: "Signal"

    def __init__(
        self,
        *,
        lanes: int = 8,
        rows: int = 4,
        bits: int = 4,
        zero_code: str = "top",
        value_bits: int = 4,
        acc_width: int = 14,
        output_bits: int = 4,
    ) -> None:
        super().__init__(
            lanes=lanes, rows=rows, bits=bits, zero_code=zero_code, value_bits=value_bits,
            acc_width=acc_width, output_bits=output_bits,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.instance.parameters
        m.submodules.array = array = AttentionValueArray(p)
        # Whether the requantizer moves depends on o within the cycle; the array learns it later.
        m.submodules.buffer = buffer = SkidBuffer(pair_layout(p["acc_width"]))
        m.submodules.requantizer = requantizer = PairRequantizer(p)
        m.submodules.control = control = PipelineControl(Requantizer.PIPELINE_CYCLES)
        m.d.comb += [
            array.i.valid.eq(self.i.valid & self.i_codes.valid),
            self.i.ready.eq(array.i.ready & self.i_codes.valid),
            self.i_codes.ready.eq(array.i.ready & self.i.valid),
            array.i.p.values.eq(self.i.p.lanes),
            array.i.p.codes.eq(self.i_codes.p.lanes),
            array.i.p.last.eq(self.i.p.last),
            array.v_zero_point.eq(self.v_zero_point),
            buffer.i.payload.eq(array.o.payload),
            buffer.i.valid.eq(array.o.valid),
            array.o.ready.eq(buffer.i.ready),
            *control.between(buffer.o, self.o),
            requantizer.enable.eq(control.enable),
            requantizer.i.even.eq(buffer.o.p.even),
            requantizer.i.odd.eq(buffer.o.p.odd),
            requantizer.multiplier_even.eq(self.multiplier_even),
            requantizer.multiplier_odd.eq(self.multiplier_odd),
            requantizer.shift.eq(self.shift),
            requantizer.zero_point.eq(self.zero_point),
            self.o.p.lanes[0].result.eq(requantizer.o.code),
        ]
        return m


COMPONENT = AttentionValue
