"""Exponents to codes: an exponential beside the two thresholds of its row, as keys."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.units.unit import Parameters
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.units.log_sqrt2_quantizer import last_code
from vit2rtl.rtl.units.softmax_quantizer.exponential import OCTAVE_BITS, exponent_bits

# Octaves of a threshold beside those of an exponential: see ThresholdUnit.
BASE_BITS = 7


class ComparisonLane(wiring.Component):
    """One query's exponents to codes: stage 2.

    Stages: 0 the exponent's read, outside; 1 exponent, 2 the ROM's read, 3 mantissa, 4 two
    comparisons, 5 octaves, 6 code. A threshold is a power of two (``base``), a fraction between it
    and the next one, and ``above``: there is more than this fraction. Every second threshold is a
    half of the one before, so an exponential is below ``base + octaves`` of each kind, and one more
    where its fraction is the smaller one. Of the two counts the second is all of the code but its
    lowest bit; the first is as large, or one larger, which their parities tell.

    Latency 6 cycles, one exponent a cycle; registers move by the enables alone. No multiplier.

    Members
    -------
    enable : In(7)
        Bit n loads the registers of stage n.
    exponent : In(8 + rom_bits)
    address : Out(rom_bits)
        Of stage 2, for the ROM; ``entry`` : In(exp_bits + 1), a cycle later.
    write : In(2)
        Bit 0 takes the key below as the next row's ``threshold_a``, bit 1 as ``threshold_b``.
    fraction, above, base : In(exp_bits - 1), In(1), In(signed(7))
    load : In(2)
        The next row begins: its first exponent moves into stage 3 (bit 0), into stage 4 (bit 1).
    code : Out
        After stage 6.
    """

    STAGES = 7
    COMPARING = 3  # of the stages, the last one before the comparisons

    def __init__(self, p: Parameters) -> None:
        self.p = p
        super().__init__(self.ports(p))

    @classmethod
    def ports(cls, p: Parameters) -> wiring.Signature:
        """Signature for an instance's parameters."""
        return wiring.Signature({
            "enable": In(cls.STAGES),
            "exponent": In(exponent_bits(p)),
            "address": Out(p["rom_bits"]),
            "entry": In(p["exp_bits"] + 1),
            "write": In(2),
            "fraction": In(p["exp_bits"] - 1),
            "above": In(1),
            "base": In(signed(BASE_BITS)),
            "load": In(2),
            "code": Out(last_code(p).bit_length()),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rom_bits, bits = self.p["rom_bits"], self.p["bits"]
        exponent = self._register(m, self.exponent, 1, "exponent")
        m.d.comb += self.address.eq(exponent[:rom_bits])
        octaves = exponent[rom_bits:]
        for stage in (2, 3, 4):
            octaves = self._register(m, octaves, stage, "octaves")
        # Twice the mantissa, whose uppermost bit is always set.
        mantissa = self._register(m, self.entry[1 : self.p["exp_bits"]], 3, "mantissa")

        below, base = [], []
        for n, name in enumerate("ab"):
            fraction, above, own = self._key(m, n, name)
            less = Signal(name=f"less_than_{name}")
            # One bit more on the right: what is above the fraction is less than a step of it.
            m.d.comb += less.eq(Cat(Const(0, 1), mantissa) < Cat(above, fraction))
            below.append(self._register(m, less, 4, f"below_{name}"))
            base.append(own)

        count = Signal(signed(OCTAVE_BITS + 2))
        carried = Cat(below[1], base[1]).as_signed() + Cat(1, octaves)
        odd = base[0][0] ^ base[1][0] ^ below[0] ^ below[1]
        m.d.comb += count.eq(carried >> 1)
        count = self._register(m, count, 5, "count")
        odd = self._register(m, odd, 5, "odd")
        code = Mux(count[bits - 1 :].any(), last_code(self.p), Cat(odd, count[: bits - 1]))
        m.d.comb += self.code.eq(self._register(m, Mux(count[-1], 0, code), 6, "code"))
        return m

    def _register(self, m: Module, value: Value, stage: int, name: str) -> Signal:
        return registered(m, value, self.enable[stage], name=f"{name}_{stage}")

    def _key(self, m: Module, n: int, name: str) -> tuple[Value, Value, Value]:
        """Fraction, above and base: of the next row until it begins, then of the row."""
        parts = (("fraction", self.fraction, 0), ("above", self.above, 0), ("base", self.base, 1))
        key = []
        for part, value, moment in parts:
            following = registered(m, value, self.write[n], name=f"next_{part}_{name}")
            key.append(registered(m, following, self.load[moment], name=f"{part}_{name}"))
        return key[0], key[1], key[2]
