"""Softmax quantizer: rows of logits to log√2 codes of their softmax, in three phases (R4)."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, ResetSignal, Signal, Value
from amaranth.lib import stream

from vit2rtl.golden.units.unit import Parameters
from vit2rtl.rtl.stream.pipeline import PipelineControl, registered
from vit2rtl.rtl.stream.stream_unit import UnitComponent
from vit2rtl.rtl.units.softmax_quantizer.comparison import ComparisonLane
from vit2rtl.rtl.units.softmax_quantizer.exponential import (
    ExponentFactor,
    ExponentialLane,
    ExponentialRom,
    exponent_bits,
)
from vit2rtl.rtl.units.softmax_quantizer.memory import RowMemory
from vit2rtl.rtl.units.softmax_quantizer.threshold import ThresholdUnit


class SoftmaxQuantizer(UnitComponent):
    """Logits to log√2 codes of their softmax: a group of queries side by side, token by token.

    Equals :func:`vit2rtl.golden.arithmetic.softmax.quantize` for every row of at most ``tokens``
    tokens, every multiplier, shift and ``threshold_shift``, and thresholds with
    ``2**30 <= threshold_b <= threshold_a <= 2 * threshold_b``, which those of every scale are.

    While a group enters, its logits wait in a memory and each query's largest one is kept. Stage 1
    makes exponents and their sums; the exponents wait in a second memory, until two products a
    query have made thresholds of its sum. Stage 2 compares. Each phase works on a group of its own:
    T tokens take T + 1 cycles, or 8 * ``lanes`` + 14 if that is more.

    Latency from the last beat of a group to its first codes: T + 8 * ``lanes`` + 29 cycles without
    stalls. A stalled ``o`` stalls stage 2, then stage 1, then ``i``, and loses nothing. ``last``
    ends the group; reset discards what is inside.

    Parameters
    ----------
    lanes : int
        Queries side by side, 1 to 64. Lane 0 is in the least significant bits.
    bits : int
        Activation bits, 2 to 8.
    zero_code : str
        ``"top"``, ``"extra"`` or ``"none"``, see
        :func:`vit2rtl.golden.arithmetic.log_sqrt2.code_count`.
    width : int
        Bits of a signed logit, 4 to 16; the smallest number is a masked logit.
    rom_bits, exp_bits : int
        The ROM has ``2**rom_bits`` mantissas with ``exp_bits`` fraction bits: 2 to 10, 11 to 17.
    tokens : int
        Tokens of a group at most, 1 to 1024.

    Members
    -------
    i : In(stream of {lanes: {logit: signed(width)} × lanes, last: 1})
    o : Out(stream of {lanes: {code: unsigned(bits)} × lanes, last: 1})
        One bit more with ``zero_code="extra"``.
    multiplier : In(16);  shift : In(6)
        Of the exponent, from :func:`vit2rtl.golden.arithmetic.softmax.parameters`, as the others.
    threshold_a, threshold_b : In(32);  threshold_shift : In(6)
        All of them change only while nothing is inside.
    """

    unit = "softmax_quantizer"
    i: stream.Interface
    o: stream.Interface
    multiplier: "Signal"
    shift: "Signal"
    threshold_a: "Signal"
    threshold_b: "Signal"
    threshold_shift: "Signal"

    def __init__(
        self, *, lanes: int = 4, bits: int = 4, zero_code: str = "top", width: int = 12,
        rom_bits: int = 8, exp_bits: int = 17, tokens: int = 256,
    ) -> None:
        super().__init__(lanes=lanes, bits=bits, zero_code=zero_code, width=width,
                         rom_bits=rom_bits, exp_bits=exp_bits, tokens=tokens)

    @classmethod
    def cycles(cls, parameters: Parameters) -> int:
        """Of a group of as many tokens as there may be."""
        return parameters["tokens"] + ThresholdUnit.cycles(parameters) + 22

    @classmethod
    def latency_formula(cls) -> str:
        return "tokens + 8 * lanes + 29"

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.instance.parameters
        m.submodules.logits = self.logits = RowMemory(p["lanes"] * p["width"], p["tokens"])
        m.submodules.exponents = self.exponents = RowMemory(
            p["lanes"] * exponent_bits(p), p["tokens"])
        m.submodules.factor = factor = ExponentFactor()
        m.submodules.thresholds = self.thresholds = ThresholdUnit(p)
        m.d.comb += [factor.multiplier.eq(self.multiplier), factor.shift.eq(self.shift)]
        for name in ("threshold_a", "threshold_b", "threshold_shift"):
            m.d.comb += getattr(self.thresholds, name).eq(getattr(self, name))
        self.held = Signal(name="held")  # sums wait for the thresholds
        self.due = Signal(2, name="due")  # groups in stage 1 whose sums are not held
        self.stage_1: list[ExponentialLane] = []
        self.stage_2: list[ComparisonLane] = []
        for n in range(p["lanes"]):
            exponential, comparison, rom = ExponentialLane(p), ComparisonLane(p), ExponentialRom(p)
            m.submodules[f"exponential_{n}"] = exponential
            m.submodules[f"comparison_{n}"] = comparison
            m.submodules[f"rom_{n}"] = rom
            m.d.comb += [
                exponential.factor.eq(factor.factor),
                exponential.steps.eq(factor.steps),
                rom.address_1.eq(exponential.address),
                exponential.entry.eq(rom.entry_1),
                rom.enable[0].eq(exponential.enable[-1]),
                rom.address_2.eq(comparison.address),
                comparison.entry.eq(rom.entry_2),
                rom.enable[1].eq(comparison.enable[2]),
            ]
            self.stage_1.append(exponential)
            self.stage_2.append(comparison)

        maxima, began = self._entering(m)
        summed, stop = self._exponentials(m, maxima, began)
        keyed, keys_stop, used = self._keys(m, summed, stop)
        self._codes(m, keyed, keys_stop, used)
        return m

    def _entering(self, m: Module) -> tuple[list[Signal], Signal]:
        """Keep a group's logits and each query's largest; hand them over when stage 1 is free.

        Returns the maxima of the group in stage 1, and an input: its first token waits for them.
        """
        first = Signal(init=1)
        complete = Signal()
        awaited = Signal()
        entered = Signal()
        values = [lane.logit for lane in self.i.p.lanes]
        m.d.comb += [
            self.i.ready.eq(~complete | self.logits.start),
            entered.eq(self.i.valid & self.i.ready),
            self.logits.write.eq(entered),
            self.logits.token.eq(Cat(values)),
            self.logits.stop.eq(self.logits.place),
            # Sums that come are held at once, while the gap behind the group comes through: so a
            # group starts behind at most one, and then with none held. Stage 1 never waits.
            self.logits.start.eq(complete & ~self.logits.reading & ~awaited
                                 & ((self.due == 0) | ((self.due == 1) & ~self.held))),
        ]
        with m.If(entered):
            m.d.sync += [first.eq(self.i.p.last), complete.eq(self.i.p.last)]
        with m.Elif(self.logits.start):
            m.d.sync += complete.eq(0)
        maxima = []
        for n, value in enumerate(values):
            largest = Signal.like(value, name=f"largest_{n}")
            with m.If(entered & (first | (value > largest))):
                m.d.sync += largest.eq(value)
            maxima.append(registered(m, largest, self.logits.start, name=f"maximum_{n}"))
        return maxima, awaited

    def _exponentials(
        self, m: Module, maxima: Sequence[Value], awaited: Signal
    ) -> tuple[Signal, Signal]:
        """Stage 1: whether the sums of a group are complete, and where its exponents end."""
        m.submodules.control_1 = control = PipelineControl(ExponentialLane.STAGES)
        m.submodules.control_sum = terms = PipelineControl(ExponentialLane.TERM_STAGES)
        # Tokens that are in stage 1 or in the memory behind it.
        occupied = Signal(len(self.exponents.place) + 1)
        taken, given = self.logits.take, self.exponents.take
        with m.If(taken & ~given):
            m.d.sync += occupied.eq(occupied + 1)
        with m.Elif(given & ~taken):
            m.d.sync += occupied.eq(occupied - 1)
        m.d.comb += [
            control.i.valid.eq(self.logits.reading & ~occupied[-1]),
            control.i.payload.eq(self.logits.last),
            taken.eq(control.i.valid & control.i.ready),
            terms.i.valid.eq(control.o.valid),
            terms.i.payload.eq(control.o.payload),
            control.o.ready.eq(terms.i.ready),
            self.exponents.write.eq(control.o.valid & terms.i.ready),
            self.exponents.token.eq(Cat(lane.exponent for lane in self.stage_1)),
        ]
        first = registered(
            m, taken & self.logits.first, control.enable[0], name="first_of_logits", reset=True)
        m.d.comb += awaited.eq(first)

        stop = Signal.like(self.exponents.place)
        m.d.comb += stop.eq(self.exponents.place + 1)
        for n in range(ExponentialLane.TERM_STAGES):
            stop = registered(m, stop, terms.enable[n], name=f"stop_{n}")
        complete = Signal(name="sums_complete")
        add = Signal()
        m.d.comb += [terms.o.ready.eq(1), add.eq(terms.o.valid)]
        with m.If(add & terms.o.payload):
            m.d.sync += complete.eq(1)
        stop = registered(m, stop, add & terms.o.payload, name="stop_of_sums")
        for n, lane in enumerate(self.stage_1):
            value = Signal(len(lane.logit), name=f"logit_{n}")
            m.d.comb += [
                lane.enable.eq(control.enable),
                lane.enable_term.eq(terms.enable),
                lane.first.eq(first),
                value.eq(self.logits.value.word_select(n, len(value))),
                lane.logit.eq(value),
                lane.maximum.eq(maxima[n]),
                lane.add.eq(add),
            ]
        return complete, stop

    def _keys(self, m: Module, summed: Signal, stop: Value) -> tuple[Signal, Value, Signal]:
        """Hold sums for the thresholds: whether a group's keys are there, and where it ends.

        The last is an input: the group that uses the keys has taken them over.
        """
        held = self.held
        started = Signal()
        keyed = Signal()
        pending = Signal()  # keys that are made, or not yet taken over
        used = Signal()
        hold = Signal()
        unit = self.thresholds
        m.d.comb += [
            hold.eq(summed & ~held),
            unit.start.eq(held & ~started & ~pending),
        ]
        m.d.sync += self.due.eq(self.due + self.logits.start - hold)
        with m.If(hold):
            m.d.sync += [held.eq(1), summed.eq(0)]
        with m.Elif(started & unit.ready):
            m.d.sync += held.eq(0)
        with m.If(unit.start):
            m.d.sync += [started.eq(1), pending.eq(1)]
        with m.Else():
            with m.If(unit.ready):
                m.d.sync += started.eq(0)
            with m.If(used):
                m.d.sync += pending.eq(0)
        with m.If(unit.last):
            m.d.sync += keyed.eq(1)
        with m.Elif(self.exponents.start):
            m.d.sync += keyed.eq(0)
        clear = Signal(name="clear_sums")
        m.d.comb += clear.eq(hold | ResetSignal())
        for n, lane in enumerate(self.stage_1):
            m.d.comb += [
                lane.clear.eq(clear),
                unit.totals[n].eq(registered(m, lane.total, hold, name=f"total_{n}")),
            ]
        for n, comparison in enumerate(self.stage_2):
            m.d.comb += [
                comparison.write.eq(unit.write[n]),
                comparison.fraction.eq(unit.fraction),
                comparison.above.eq(unit.above),
                comparison.base.eq(unit.base),
            ]
        stop = registered(m, stop, hold, name="stop_of_held")
        return keyed, registered(m, stop, unit.start, name="stop_of_keys"), used

    def _codes(self, m: Module, keyed: Signal, stop: Value, used: Signal) -> None:
        """Stage 2: from the memory to the output."""
        m.submodules.control_2 = control = PipelineControl(ComparisonLane.STAGES)
        exponents = self.exponents
        m.d.comb += [
            exponents.start.eq(keyed & ~exponents.reading),
            exponents.stop.eq(stop),
            control.i.valid.eq(exponents.reading),
            control.i.payload.eq(exponents.last),
            exponents.take.eq(exponents.reading & control.i.ready),
            self.o.valid.eq(control.o.valid),
            self.o.p.last.eq(control.o.payload),
            control.o.ready.eq(self.o.ready),
        ]
        first: Value = exponents.take & exponents.first
        comparing = ComparisonLane.COMPARING
        for n in range(comparing + 1):
            first = registered(
                m, first, control.enable[n], name=f"first_of_codes_{n}", reset=True)
            if n == comparing - 1:
                compared = first
        load = Signal(2, name="load_keys")
        m.d.comb += [
            load.eq(Cat(compared, first) & control.enable[comparing : comparing + 2]),
            used.eq(load[1]),
        ]
        for n, lane in enumerate(self.stage_2):
            value = Signal(len(lane.exponent), name=f"exponent_{n}")
            m.d.comb += [
                lane.enable.eq(control.enable),
                lane.load.eq(load),
                value.eq(exponents.value.word_select(n, len(value))),
                lane.exponent.eq(value),
                self.o.p.lanes[n].code.eq(lane.code),
            ]


COMPONENT = SoftmaxQuantizer
