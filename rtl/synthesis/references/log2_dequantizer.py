"""The log√2 dequantizer beside a ROM: what one would write without its shift."""

import numpy as np
from amaranth.hdl import Module, Signal

from vit2rtl.golden.arithmetic.log_sqrt2 import code_count, dequantize
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.stream.stream_unit import Lane
from vit2rtl.rtl.synthesis.comparisons import HEAD, RULE, find, line
from vit2rtl.rtl.synthesis.references.reference import (
    Bar,
    Measurement,
    Panel,
    Reference,
    References,
    Rows,
)
from vit2rtl.rtl.units.log2_dequantizer import Log2Dequantizer

_BITS = (4, 6, 8)


class RomLane(Lane):
    """The dequantizer as a table with an entry for every code."""

    def elaborate(self, platform: object) -> Module:
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


def section(rows: Rows) -> list[str]:
    """Lines of the page."""
    lines = []
    for bits in _BITS:
        shift = find(rows, "log2_dequantizer", bits=bits)
        rom = find(rows, "log2_dequantizer_rom", fabric=True, bits=bits)
        lines.append(line(f"{bits} bits | shift", shift, rows))
        lines.append(line(f"{bits} bits | ROM", rom, rows))
    block = find(rows, "log2_dequantizer_rom", bits=8)
    lines.append(line("8 bits | ROM, block RAM allowed", block, rows))
    designs = (("log2_dequantizer", False), ("log2_dequantizer_rom", True))
    comb = [find(rows, name, fabric=fabric)["cells"]["COMB"] for name, fabric in designs]
    luts = [find(rows, name, "xcup", fabric=fabric, bits=8)["cells"]["LUT"]
            for name, fabric in designs]
    return [
        "### Dequantizer: shift or ROM", "",
        f"| code to 16 bits | by | {HEAD} |", f"|---|---|{RULE}|", *lines, "",
        f"The stand-alone dequantizer wins nothing: {comb[0]} COMB by shift, {comb[1]} by ROM with"
        " 4-bit codes, since each bit of the result is one function of four inputs, one LUT. With"
        " 6 and 8 bits synthesis finds about the same logic in both on ECP5; a block RAM replaces"
        f" it where one is to spare, at {block['fmax_mhz']:.0f} MHz. With the six-input LUTs of"
        f" UltraScale+ the ROM of 8 bits is the smaller one: {luts[1]} LUTs against {luts[0]}.", "",
    ]


def panel(rows: Rows) -> Panel:
    """Bars of the chart."""
    bars = []
    for bits in _BITS:
        shift = find(rows, "log2_dequantizer", bits=bits)
        rom = find(rows, "log2_dequantizer_rom", fabric=True, bits=bits)
        bars += [Bar(f"{bits} bits: shift", shift, True), Bar(f"{bits} bits: ROM", rom, False)]
    return Panel(
        "Dequantizer, code to 16 bits, no block RAM",
        bars,
        f"Dequantizer: {bars[0].row['cells']['COMB']} COMB by shift, "
        f"{bars[1].row['cells']['COMB']} by ROM",
    )


REFERENCES = References(
    designs={"log2_dequantizer_rom": Reference(RomDequantizer, "ROM", "log2_dequantizer")},
    variants=({"bits": 6}, {"bits": 8}),
    measurements=(
        *(Measurement("log2_dequantizer_rom", {"bits": bits}, fabric=True) for bits in _BITS),
        Measurement("log2_dequantizer_rom", {"bits": 8}),
    ),
    section=section,
    panel=panel,
)
