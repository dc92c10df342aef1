"""Multiply-accumulate lanes of attention × V side by side: 4-bit Softmax codes times 8-bit v.

All have the same ports but the width of their sums, which is what a row of ``tokens`` elements
needs and no more (R6), and take one element a cycle.
"""

import numpy as np
from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.attention_value import fraction_bits
from vit2rtl.golden.arithmetic.log_sqrt2 import code_count, dequantize
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.synthesis.comparisons import HEAD, RULE, find, line
from vit2rtl.rtl.synthesis.references.reference import (
    Measurement,
    Reference,
    References,
    Rows,
)

MACS = (("mac_multiply", True), ("mac_rom_multiply", True), ("mac_parity_split", False),
        ("mac_multiply", False), ("mac_rom_multiply", False))
_BLOCKS = {"mac_multiply": ", in a multiplier block", "mac_rom_multiply": ", with a block"}
_TOKENS = 197  # of DeiT and ViT at 224 × 224 pixels
_BITS = 4
_VALUE_BITS = 8


def _sum_bits(term: int) -> int:
    """Bits of a signed sum of a row of terms of magnitude ``term`` at most."""
    return (_TOKENS * term).bit_length() + 1


class MacLane(wiring.Component):
    """A row's sum over its elements, code times value.

    Latency ``PIPELINE_CYCLES`` from an element to the sum that holds it; one element a cycle; no
    back pressure: in an array all lanes are held together, by ``enable``.

    Members
    -------
    code : In(4), value : In(signed(8))
        An element.
    first : In(1)
        It is the first of a row.
    enable : In(1)
        Everything moves by one cycle.
    total, or even and odd : Out(signed)
        ``sums`` has the greatest magnitude of a term of each, which gives its width.
    """

    PIPELINE_CYCLES: int
    sums: tuple[tuple[str, int], ...]

    def __init__(self) -> None:
        super().__init__(self.ports())

    @classmethod
    def ports(cls) -> wiring.Signature:
        """Signature: the sums are as wide as a row needs."""
        elements = {"code": In(_BITS), "value": In(signed(_VALUE_BITS))}
        sums = {name: Out(signed(_sum_bits(most))) for name, most in cls.sums}
        return wiring.Signature({**elements, "first": In(1), "enable": In(1), **sums})

    def _after(self, m: Module, value: Value, name: str) -> Value:
        return registered(m, value, self.enable, name=name)


class MultiplyMac(MacLane):
    """Uniform codes: a 4 × 8 multiplication an element."""

    PIPELINE_CYCLES = 2
    sums = (("total", ((1 << _BITS) - 1) << (_VALUE_BITS - 1)),)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        term = self._after(m, self.code * self.value, "term")
        first = self._after(m, self.first, "first_term")
        with m.If(self.enable):
            m.d.sync += self.total.eq(Mux(first, 0, self.total) + term)
        return m


class RomMultiplyMac(MacLane):
    """log√2 codes through a ROM of 16 levels of 8 bits, then an 8 × 8 multiplication.

    The levels round √2: of the three the only one that is not exact.
    """

    PIPELINE_CYCLES = 3
    sums = (("total", 1 << (2 * _VALUE_BITS - 2)),)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        levels = dequantize(np.arange(code_count(_BITS, "top")), bits=_BITS, width=_VALUE_BITS)
        level = Signal(_VALUE_BITS)
        with m.Switch(self.code):
            for code, entry in enumerate(levels.tolist()):
                with m.Case(code):
                    m.d.comb += level.eq(entry)
        factor = self._after(m, level, "factor")
        value = self._after(m, self.value, "value_0")
        first = self._after(m, self.first, "first_0")
        term = self._after(m, factor * value, "term")
        first = self._after(m, first, "first_term")
        with m.If(self.enable):
            m.d.sync += self.total.eq(Mux(first, 0, self.total) + term)
        return m


class ParitySplitMac(MacLane):
    """log√2 codes by shifts, √2 exact (R5): one adder, one of two sums takes what it makes.

    Equals
    :func:`vit2rtl.golden.arithmetic.attention_value.accumulate` with a zero point of 0. A code k of
    either parity shifts by ``k >> 1``; what it adds to the odd sum is even, and its half counts.
    """

    PIPELINE_CYCLES = 2
    sums = (
        ("even", 1 << (_VALUE_BITS - 1 + fraction_bits(_BITS))),
        ("odd", 1 << (_VALUE_BITS - 2 + fraction_bits(_BITS))),
    )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shifted = (self.value << fraction_bits(_BITS)) >> self.code[1:]
        zero = self.code == (1 << _BITS) - 1
        term = self._after(m, Mux(zero, 0, shifted), "term")
        parity = self._after(m, self.code[0], "parity")
        first = self._after(m, self.first, "first_term")
        before = Mux(parity, self.odd << 1, self.even)
        after = Signal(self.even.shape())
        m.d.comb += after.eq(Mux(first, 0, before) + term)
        # One condition each for load and clear: registers have inputs for both.
        for total, chosen, value in (
            (self.even, ~parity, after),
            (self.odd, parity, after >> 1),
        ):
            with m.If(self.enable & first & ~chosen):
                m.d.sync += total.eq(0)
            with m.Elif(self.enable & chosen):
                m.d.sync += total.eq(value)
        return m


def section(rows: Rows) -> list[str]:
    """Lines of the page."""
    lines = [line(_title(source, fabric), find(rows, source, fabric=fabric), rows)
             for source, fabric in MACS]
    comb = [find(rows, source, fabric=fabric)["cells"]["COMB"] for source, fabric in MACS[:3]]
    return [
        "### A multiply-accumulate lane of attention × V", "",
        "4-bit codes times 8-bit signed values, sums of 197 elements, an element a cycle, widths"
        " from the bounds and no more; without valid bits, as in an array of lanes. The plain"
        " multiplication is for uniform codes, another quantizer; the ROM takes a register and a"
        " cycle more than the others.", "",
        f"| lane | {HEAD} |", f"|---|{RULE}|", *lines, "",
        f"As synthesis makes them without multiplier blocks, the parity split takes {comb[2]} COMB,"
        f" {comb[1]} ROM and multiplication ({comb[1] / comb[2]:.1f} times) and {comb[0]}"
        f" uniform codes ({comb[0] / comb[2]:.1f} times), and its sums are exact where the ROM's"
        " 8-bit levels round √2. What it costs: a second sum, so more registers; and one"
        " multiplication more for each result, not for each element: requantizing E·M_E + O·M_O"
        " takes at most a second requantizer, once in 197 elements. With multiplier blocks to"
        f" spare the plain lane takes {find(rows, 'mac_multiply')['cells']['COMB']} COMB and one"
        " block. And attention × V is 7 % of the multiplications of DeiT-Tiny, less in larger"
        " models: most of an accelerator is the other matrix products. Multiplication by digits is"
        " far smaller than what synthesis makes of it here: see the next section.", "",
    ]


def _title(source: str, fabric: bool) -> str:
    return REFERENCES.designs[source].title + ("" if fabric else _BLOCKS.get(source, ""))


REFERENCES = References(
    variants=({"acc_width": 13},),
    designs={
        "mac_multiply": Reference(MultiplyMac, "uniform codes: multiply"),
        "mac_rom_multiply": Reference(RomMultiplyMac, "log√2 codes: ROM, then multiply"),
        "mac_parity_split": Reference(ParitySplitMac, "log√2 codes: shift, two sums by parity"),
    },
    measurements=(
        *(Measurement("mac_multiply", {}, fabric) for fabric in (True, False)),
        *(Measurement("mac_rom_multiply", {}, fabric) for fabric in (True, False)),
        Measurement("mac_parity_split", {}),
    ),
    section=section,
)
