"""Quantizer of probabilities to log√2 codes: comparisons and shifts, no logarithm, no divider."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream

from vit2rtl.golden.arithmetic.log_sqrt2 import code_count
from vit2rtl.golden.units.unit import Parameters
from vit2rtl.rtl.stream.pipeline import registered
from vit2rtl.rtl.stream.stream_unit import Lane, StreamUnit


def last_code(parameters: Parameters) -> int:
    """The code of a probability of zero, and the number of thresholds ``T_k`` of Eq. 18."""
    return code_count(parameters["bits"], parameters["zero_code"]) - 1


def threshold_count(parameters: Parameters) -> int:
    """How many of them can have more than zero below: from ``k = 2 * width`` on none can."""
    return min(last_code(parameters), 2 * parameters["width"])


def quads(value: Value) -> list[Value]:
    """The bits of a value, four at a time, from the least significant up."""
    return [value[n : n + 4] for n in range(0, len(value), 4)]


class LogSqrt2QuantizerLane(Lane):
    """One probability to one code: a binary search, each stage finds a bit of the code.

    All stages but the last count j, the thresholds ``b / 2**j`` above the probability; these are
    the upper bits of the code. What is left is the probability shifted left by j, and whether it
    is below ``a`` is the lowest bit.
    """

    def elaborate(self, platform: object) -> Module:
        m = Module()
        stages, width = len(self.enable), self.parameters["width"]
        last, count = last_code(self.parameters), threshold_count(self.parameters)
        scaled = self.i.probability
        steps = []
        for stage in range(stages - 1):
            step = 1 << (stages - 2 - stage)
            below = self._below(m, scaled, self.threshold_b, step - 1, f"below_b{step}")
            steps.append(self._delayed(m, below, stage, f"step_b{step}"))
            # What is below b after a shift fits; one shift further it needs a bit more.
            moved = Mux(below, (scaled << step)[: width + 1], scaled)
            scaled = registered(m, moved, self.enable[stage], name=f"scaled_{stage}")
        below = self._below(m, scaled, self.threshold_a, 0, "below_a")
        code = Cat(below, *reversed(steps))
        if count == 1 << stages:  # one more than the search can count
            below = self._below(
                m, self.i.probability, self.threshold_b, count // 2 - 1, "below_last"
            )
            code = Mux(self._delayed(m, below, 0, "last"), count, code)
        if last > count:
            zero = self._delayed(m, self.i.probability == 0, 0, "zero")
            code = Mux(zero, last, code)
        m.d.comb += self.o.code.eq(registered(m, code, self.enable[-1], name="code"))
        return m

    def _below(
        self, m: Module, scaled: Value, threshold: Value, shift: int, name: str
    ) -> Signal:
        """``scaled * 2**shift < threshold``.

        What the shift moves beyond the threshold's bits, and what of the threshold meets the zeros
        that the shift lets in, matters only as any bit at all: four bits, a LUT, compare as one.
        """
        width = self.parameters["width"] - shift
        over = [high.any() for high in quads(scaled[width:])]
        under = [low.any() for low in quads(threshold[:shift])]
        below = Signal(name=name)
        left = Cat(scaled[:width], *over) << len(under)
        m.d.comb += below.eq(left < Cat(*under, threshold[shift:]))
        return below

    def _delayed(self, m: Module, value: Value, stage: int, name: str) -> Value:
        """``value``, made in ``stage``, when the last stage needs it."""
        for n in range(stage, len(self.enable) - 1):
            value = registered(m, value, self.enable[n], name=f"{name}_{n}")
        return value


class LogSqrt2Quantizer(StreamUnit):
    """Probabilities to log√2 codes, exact against the two integer thresholds, no multiplier.

    Equals :func:`vit2rtl.golden.arithmetic.log_sqrt2.quantize` for every probability and every pair
    ``0 < threshold_b <= threshold_a <= 2 * threshold_b``, and has no defined code for others. The
    code is the number of thresholds ``threshold_a / 2**j`` and ``threshold_b / 2**j`` above the
    probability. For such pairs ``a, b, a/2, b/2, …`` never rises, so with j of the second kind
    above there are j or j + 1 of the first: one binary search for j, in which the probability is
    shifted left instead of the threshold right, and one comparison with ``a`` find the code.

    Latency ``min(bits, ceil(log2(width)) + 1)`` cycles, one for each bit that is searched (4 for 4
    bits of 16). One beat a cycle. A stalled ``o`` stalls ``i`` and loses nothing: as many beats
    wait inside as the latency has cycles. ``last`` travels with its beat; reset discards what is
    inside.

    Parameters
    ----------
    lanes : int
        Elements a beat, 1 to 64. Lane 0 is in the least significant bits.
    bits : int
        Activation bits, 2 to 8.
    width : int
        Bits of the probability, 3 to 32, in units of ``2**-width``.
    zero_code : str
        ``"top"``, ``"extra"`` or ``"none"``, see
        :func:`vit2rtl.golden.arithmetic.log_sqrt2.code_count`.

    Members
    -------
    i : In(stream of {lanes: {probability: unsigned(width)} × lanes, last: 1})
    o : Out(stream of {lanes: {code: unsigned(bits)} × lanes, last: 1})
        One bit more with ``zero_code="extra"``.
    threshold_a, threshold_b : In(width)
        From :func:`vit2rtl.golden.arithmetic.log_sqrt2.thresholds`; change only while nothing is
        inside.
    """

    unit = "log_sqrt2_quantizer"
    lane = LogSqrt2QuantizerLane
    i: stream.Interface
    o: stream.Interface
    threshold_a: "Signal"
    threshold_b: "Signal"

    def __init__(
        self,
        *,
        lanes: int = 4,
        bits: int = 4,
        width: int = 16,
        zero_code: str = "top",
    ) -> None:
        super().__init__(lanes=lanes, bits=bits, width=width, zero_code=zero_code)

    @classmethod
    def cycles(cls, parameters: Parameters) -> int:
        """Search steps: each halves the number of codes that are left."""
        return (threshold_count(parameters) - 1).bit_length()

    @classmethod
    def latency_formula(cls) -> str:
        return "min(bits, ceil(log2(width)) + 1)"


COMPONENT = LogSqrt2Quantizer
