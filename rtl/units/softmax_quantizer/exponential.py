"""Exponentials of a row's logits and their sum: one multiplication, a ROM and shifts."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from vit2rtl.golden.arithmetic.requantizer import MULTIPLIER_BITS, SHIFT_RANGE
from vit2rtl.golden.arithmetic.softmax import OCTAVES, rom
from vit2rtl.golden.units.unit import Parameters
from vit2rtl.rtl.stream.pipeline import registered

OCTAVE_BITS = OCTAVES.bit_length()
# Rows of a block RAM of 18 bits: what the mantissas leave of it holds them shifted, too.
_ROM_ADDRESS = 10
# An exponential with more octaves than its bits adds nothing, and they have fewer than 32.
_TERM_OCTAVES = 5
# The factor is shifted by 0, 1 or 2 where it is shared, so that a lane shifts by multiples of 3.
_RADIX = 3
_STEPS = (8, 4, 2, 1)


def exponent_bits(p: Parameters) -> int:
    """Bits of an exponent as it is kept between the stages: octaves above its ROM entry."""
    return OCTAVE_BITS + p["rom_bits"]


def total_bits(p: Parameters) -> int:
    """Bits of a row's sum: at most ``tokens`` times 1.0."""
    return (p["tokens"] << p["exp_bits"]).bit_length()


def shifted_copies(p: Parameters) -> int:
    """Bits of a shift that the ROM does: it has so many times two copies, each shifted further."""
    return min(_ROM_ADDRESS - p["rom_bits"], _TERM_OCTAVES)


def entries(p: Parameters) -> list[int]:
    """The ROM: entry k of copy s is ``(2 * m) >> s``, m the mantissa ``2**-((k+1) / size)``.

    Exponents are rounded up to the next octave, ``t = octaves * size - (size - 1 - k)``, so that
    every mantissa is at least a half and below 1: its uppermost bit need not be compared.
    """
    size = 1 << p["rom_bits"]
    mantissas = [*rom(p["rom_bits"], p["exp_bits"]).tolist()[1:], 1 << (p["exp_bits"] - 1)]
    assert len(mantissas) == size
    return [2 * m >> s for s in range(1 << shifted_copies(p)) for m in mantissas]


class ExponentialRom(wiring.Component):
    """The mantissas of one lane of both stages: a dual-port block RAM of 18 bits by 1024.

    Latency one cycle, two reads a cycle; an output stays while its enable is low.

    Members
    -------
    address_1, address_2 : In(unsigned)
        Of :func:`entries`; the second reads the copy without a shift.
    enable : In(2)
    entry_1, entry_2 : Out(exp_bits + 1)
    """

    def __init__(self, p: Parameters) -> None:
        self.p = p
        copies = shifted_copies(p)
        super().__init__({
            "address_1": In(p["rom_bits"] + copies),
            "address_2": In(p["rom_bits"]),
            "enable": In(2),
            "entry_1": Out(p["exp_bits"] + 1),
            "entry_2": Out(p["exp_bits"] + 1),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        init = entries(self.p)
        m.submodules.memory = memory = Memory(
            shape=self.p["exp_bits"] + 1, depth=len(init), init=init)
        for n, (address, entry) in enumerate(
            ((self.address_1, self.entry_1), (self.address_2, self.entry_2))
        ):
            port = memory.read_port()
            m.d.comb += [port.addr.eq(address), port.en.eq(self.enable[n]), entry.eq(port.data)]
        return m


class ExponentFactor(wiring.Component):
    """Multiplier and shift of the exponent as the lanes use them: ``shift - 1 = 3 * steps + rest``.

    The multiplier is shifted left by what two are more than the rest. Two registers behind; all
    lanes share it.

    Members
    -------
    multiplier : In(16);  shift : In(6)
    factor : Out(18)
        Zero where the shift is longer than any product.
    steps : Out(4)
    """

    def __init__(self) -> None:
        super().__init__({
            "multiplier": In(MULTIPLIER_BITS),
            "shift": In(SHIFT_RANGE[1].bit_length()),
            "factor": Out(MULTIPLIER_BITS + _RADIX - 1),
            "steps": Out(len(_STEPS)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # A difference of logits has at most as many bits as the multiplier.
        longest = 2 * MULTIPLIER_BITS
        left = Signal(range(_RADIX))
        some = Signal()
        m.d.sync += some.eq(self.shift <= longest)
        # The steps of every shift and what the multiplier is shifted by, a column for each bit.
        shifts = range(SHIFT_RANGE[0], longest + 1)
        parts = {shift: divmod(shift - 1, _RADIX) for shift in shifts}
        rows = {shift: steps | (_RADIX - 1 - rest) << len(self.steps)
                for shift, (steps, rest) in parts.items()}
        for n, bit in enumerate([*self.steps, *left]):
            column = sum((row >> n & 1) << shift for shift, row in rows.items())
            remaining = Signal(1 << len(self.shift), name=f"column_{n}")
            m.d.comb += remaining.eq(Const(column, len(remaining)) >> self.shift)
            m.d.sync += bit.eq(remaining[0])
        m.d.sync += self.factor.eq(Mux(some, self.multiplier << left, 0))
        return m


class ExponentialLane(wiring.Component):
    """One query's logits to exponents, and the sum of their exponentials: stage 1.

    Stages: 0 the logit's read, outside; 1 operands, 2 difference to the row's maximum, 3 product,
    4 coarse shift, 5 fine shift, 6 rounding, 7 saturation beside the ROM's read; then 0 mantissa
    and 1 term of the sum.

    ``t = (u * multiplier + 2**(n-1)) >> n`` keeps one fraction bit in the shifters, and its
    rounding to nearest and that up to whole octaves are one addition of a constant. A masked logit
    and whatever lies 255 octaves down have the largest exponent, whose exponential adds nothing
    and has the last code in every row that has a maximum.

    Latency 7 cycles from ``logit`` to ``exponent``, 10 to ``total``; one logit a cycle; registers
    move by the enables alone. One multiplier of 18 × 18, no division.

    Members
    -------
    enable : In(8);  enable_term : In(2)
        Bit n loads the registers of stage n.
    first : In(1)
        With ``logit``: the row's first, whose ``maximum`` counts for all of them.
    logit, maximum : In(signed(width))
    factor, steps : In
        From :class:`ExponentFactor`.
    address : Out
        Of stage 7, for the ROM; ``entry`` : In(exp_bits + 1), a cycle later.
    exponent : Out(8 + rom_bits)
        After stage 7: the ROM's entry below the octaves.
    term : Out(exp_bits + 1)
        Of the sum.
    add, clear : In(1)
        Add the term to the sum; set the sum to zero, which reset does not.
    total : Out
        The row's sum.
    """

    STAGES = 8
    TERM_STAGES = 2

    def __init__(self, p: Parameters) -> None:
        self.p = p
        super().__init__(self.ports(p))

    @classmethod
    def ports(cls, p: Parameters) -> wiring.Signature:
        """Signature for an instance's parameters."""
        return wiring.Signature({
            "enable": In(cls.STAGES),
            "enable_term": In(cls.TERM_STAGES),
            "first": In(1),
            "logit": In(signed(p["width"])),
            "maximum": In(signed(p["width"])),
            "factor": In(MULTIPLIER_BITS + _RADIX - 1),
            "steps": In(len(_STEPS)),
            "address": Out(p["rom_bits"] + shifted_copies(p)),
            "entry": In(p["exp_bits"] + 1),
            "exponent": Out(exponent_bits(p)),
            "term": Out(p["exp_bits"] + 1),
            "add": In(1),
            "clear": In(1),
            "total": Out(total_bits(p)),
        })

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rom_bits = self.p["rom_bits"]
        value, masked = self._product(m)
        value, overflow = self._shifted(m, value)
        for stage in (3, 4, 5, 6):
            masked = self._register(m, masked, stage, "masked")
        # Half a unit, and all but one of an octave, in units of half a ROM entry.
        rounded = Signal(len(value) + 1)
        m.d.comb += rounded.eq(value + ((2 << rom_bits) - 1))
        exponent = self._register(m, rounded[1:], 6, "exponent")
        far = self._register(m, overflow, 6, "far") | masked | exponent[exponent_bits(self.p)]
        entry, octaves = exponent[:rom_bits], exponent[rom_bits : exponent_bits(self.p)]
        copies = shifted_copies(self.p)
        m.d.comb += self.address.eq(Cat(entry, octaves[:copies]))

        exponent = Cat(entry, octaves | far.replicate(OCTAVE_BITS))
        m.d.comb += self.exponent.eq(self._register(m, exponent, 7, "exponent"))

        octaves = self.exponent[rom_bits:]
        mantissa, term_shift, nothing = (
            registered(m, value, self.enable_term[0], name=name) for value, name in (
                (self.entry, "mantissa"), (octaves[copies:_TERM_OCTAVES], "term_shift"),
                (octaves[_TERM_OCTAVES:].any(), "nothing"))
        )
        shifted = Signal(len(mantissa), name="term_shifted")
        m.d.comb += shifted.eq(mantissa >> Cat(Const(0, copies), term_shift))
        term = registered(m, Mux(nothing, 0, shifted), self.enable_term[1], name="term")
        total = Signal.like(self.total, name="sum", reset_less=True)
        m.d.comb += [self.term.eq(term), self.total.eq(total)]
        with m.If(self.clear):
            m.d.sync += total.eq(0)
        with m.Elif(self.add):
            m.d.sync += total.eq(total + term)
        return m

    def _register(self, m: Module, value: Value, stage: int, name: str) -> Signal:
        return registered(m, value, self.enable[stage], name=f"{name}_{stage}")

    def _product(self, m: Module) -> tuple[Value, Value]:
        """Difference times factor after stage 3, and whether the logit is masked, after stage 2."""
        width = self.p["width"]
        logit = self._register(m, self.logit, 1, "logit")
        maximum = registered(m, self.maximum, self.enable[1] & self.first, name="maximum_1")
        below = Signal(width)
        m.d.comb += below.eq(maximum - logit)
        below = self._register(m, below, 2, "below")
        masked = self._register(m, logit == -(1 << (width - 1)), 2, "masked")
        product = Signal(width + len(self.factor))
        m.d.comb += product.eq(below * self.factor)
        # Whatever the factor's shift, it is by two less than what its lanes shift back.
        return self._register(m, product[_RADIX - 1 :], 3, "product"), masked

    def _shifted(self, m: Module, value: Value) -> tuple[Value, Value]:
        """The product by whole steps, after stage 5, and whether more than all octaves is lost."""
        kept = exponent_bits(self.p) + 1
        overflow = Const(0, 1)
        for stage, steps in ((4, _STEPS[:2]), (5, _STEPS[2:])):
            for step in steps:
                room = min(kept + _RADIX * (step - 1), len(value))
                chosen = self.steps[_STEPS[::-1].index(step)]
                shifted = Signal(room, name=f"shifted_by_{_RADIX * step}")
                lost = Signal(name=f"lost_by_{_RADIX * step}")
                further = value >> (_RADIX * step)
                m.d.comb += [
                    shifted.eq(Mux(chosen, further, value)),
                    lost.eq(overflow | Mux(chosen, further[room:].any(), value[room:].any())),
                ]
                value, overflow = shifted, lost
            value = self._register(m, value, stage, "shifted")
            overflow = self._register(m, overflow, stage, "overflow")
        return value, overflow
