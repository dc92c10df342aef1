"""Reference designs of the units: what one would write without the units' arrangements.

Each has the ports, the handshake and the latency of the unit that it stands beside, and equals the
same golden function, so that the difference in area and clock is that of the data path alone.
"""

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal

from vit2rtl.golden.arithmetic.log_sqrt2 import code_count, dequantize
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.stream.stream_unit import Lane
from vit2rtl.rtl.units.log2_dequantizer import Log2Dequantizer
from vit2rtl.rtl.units.log_sqrt2_quantizer import LogSqrt2Quantizer, last_code
from vit2rtl.rtl.units.requantizer import Requantizer

_SHIFT_BITS = SHIFT_RANGE[1].bit_length()


class RomLane(Lane):
    """The dequantizer as a table with an entry for every code."""

    def elaborate(self, platform):
        m = Module()
        bits, width, zero_code = (self.parameters[k] for k in ("bits", "width", "zero_code"))
        codes = np.arange(code_count(bits, zero_code))
        entries = dequantize(codes, bits=bits, width=width, zero_code=zero_code)
        value = Signal(width)
        with m.Switch(self.i.code):
            for code, entry in enumerate(entries.tolist()):
                with m.Case(code):
                    m.d.comb += value.eq(entry)
        result = registered(m, value, self.enable[0], name="value", reset=True)
        m.d.comb += self.o.value.eq(result)
        return m


class RomDequantizer(Log2Dequantizer):
    """:class:`~vit2rtl.rtl.Log2Dequantizer` as a ROM: same ports, golden function and latency."""

    lane = RomLane


class ParallelLane(Lane):
    """All thresholds compared at once, then the comparisons that hold are counted."""

    def elaborate(self, platform):
        m = Module()
        below = []
        for k in range(last_code(self.parameters)):
            threshold = self.threshold_b if k & 1 else self.threshold_a
            below.append((self.i.probability << (k >> 1)) < threshold)
        zero = self.i.probability == 0
        terms = below
        if self.parameters["zero_code"] == "none":
            zero = Const(0)
        for stage in range(len(self.enable)):
            final = stage == len(self.enable) - 1
            if stage:
                step = len(terms) if final else 4
                terms = [sum(terms[n : n + step]) for n in range(0, len(terms), step)]
            if final:
                terms = [Mux(zero, last_code(self.parameters), terms[0])]
            terms = [
                registered(m, term, self.enable[stage], name=f"count_{stage}_{n}")
                for n, term in enumerate(terms)
            ]
            zero = registered(m, zero, self.enable[stage], name=f"zero_{stage}")
        m.d.comb += self.o.code.eq(terms[0])
        return m


class ParallelQuantizer(LogSqrt2Quantizer):
    """:class:`~vit2rtl.rtl.LogSqrt2Quantizer` as Eq. 18 reads: a comparator for every threshold."""

    lane = ParallelLane


class DirectLane(Lane):
    """The formula of the requantizer as it is written, a register after each of its operations."""

    def elaborate(self, platform):
        m = Module()
        bits = self.parameters["bits"]
        base = self.parameters["shift_base"]
        shift = Const(base, _SHIFT_BITS) if base else self.shift_base
        if "shift" in self.i.shape().members:
            shift = (shift + self.i.shift)[:_SHIFT_BITS]

        def after(stage, value, name):
            if isinstance(value, Const):
                return value
            return registered(m, value, self.enable[stage], name=f"{name}_{stage}")

        acc, multiplier = (after(0, x, "operand") for x in (self.i.acc, self.i.multiplier))
        shift = after(0, shift, "shift")
        product, shift = after(1, acc * multiplier, "product"), after(1, shift, "shift")
        half = (Const(1) << shift)[1 : SHIFT_RANGE[1] + 1]
        rounded, shift = after(2, product + half, "rounded"), after(2, shift, "shift")
        shifted = after(3, rounded >> shift, "shifted")
        total = after(4, shifted + self.zero_point, "total")
        top = (1 << bits) - 1
        code = Mux(total < 0, 0, Mux(total > top, top, total[:bits]))
        m.d.comb += self.o.code.eq(after(5, code, "code"))
        return m


class DirectRequantizer(Requantizer):
    """:class:`~vit2rtl.rtl.Requantizer` as R1 reads: a full-width shift, wide adders."""

    lane = DirectLane
