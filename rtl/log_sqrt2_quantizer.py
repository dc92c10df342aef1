"""Quantizer of probabilities to log√2 codes: comparisons and shifts, no logarithm, no divider."""

from amaranth.hdl import Cat, Module, Mux, Signal

from vit2rtl.golden.log_sqrt2 import code_count
from vit2rtl.rtl.pipeline import registered
from vit2rtl.rtl.stream_unit import Lane, StreamUnit


def search_steps(count):
    """Step sizes of a binary search among ``count`` thresholds: their sum is ``count``.

    7 → 4, 2, 1 and 6 → 3, 2, 1: each step is at most one more than all later ones together. A
    power of two wastes a level, so that many thresholds are one and a search among the others.
    """
    steps = []
    while count:
        steps.append((count + 1) // 2)
        count //= 2
    return steps


def threshold_counts(bits, width, zero_code):
    """How many thresholds ``a / 2**j`` and ``b / 2**j`` can tell a probability from zero.

    Beyond ``j = width - 1`` only zero lies below the threshold, and zero has a path of its own.
    """
    steps = code_count(bits, zero_code) - 1
    return min((steps + 1) // 2, width), min(steps // 2, width)


def split(count):
    """``(1, count - 1)`` for a power of two, else ``(0, count)``: compared apart, searched."""
    apart = int(count.bit_count() == 1)
    return apart, count - apart


class LogSqrt2QuantizerLane(Lane):
    """One probability to one code: two binary searches side by side, a step of each a stage."""

    def elaborate(self, platform):
        m = Module()
        bits, width = self.parameters["bits"], self.parameters["width"]
        last = code_count(bits, self.parameters["zero_code"]) - 1
        count_a, count_b = threshold_counts(bits, width, self.parameters["zero_code"])
        counts = [
            *self._search(m, "a", self.threshold_a, count_a),
            *self._search(m, "b", self.threshold_b, count_b),
        ]
        code = sum(counts[1:], counts[0])[: len(self.o.code)]
        if (last + 1) // 2 > width:
            zero = self._delayed(m, self.i.probability == 0, 0, "zero")
            code = Mux(zero, last, code)
        m.d.comb += self.o.code.eq(registered(m, code, self.enable[-1], name="code"))
        return m

    def _search(self, m, side, threshold, count):
        """Numbers whose sum is how many of ``threshold / 2**j``, j below ``count``, are above."""
        apart, searched = split(count)
        found = []
        scaled = self.i.probability
        if apart:
            below = self._below(m, scaled, threshold, 0, f"below_{side}")
            found.append(self._delayed(m, below, 0, f"first_{side}"))
        # What is below a threshold after a shift fits; one shift further it needs a bit more.
        room = self.parameters["width"] + 1 - apart
        steps = search_steps(searched)
        bits = []
        for stage, step in enumerate(steps):
            below = self._below(m, scaled, threshold, apart + step - 1, f"below_{side}{step}")
            bits.append(self._delayed(m, below, stage, f"step_{side}{step}"))
            moved = Mux(below, (scaled << step)[:room], scaled)
            scaled = registered(m, moved, self.enable[stage], name=f"scaled_{side}{stage}")
        if steps == [1 << n for n in reversed(range(len(steps)))]:
            return [*found, Cat(*reversed(bits))] if steps else found
        return [*found, *(Mux(bit, step, 0) for bit, step in zip(bits, steps, strict=True))]

    def _below(self, m, scaled, threshold, shift, name):
        """``scaled * 2**shift < threshold``, with no more bits compared than can differ."""
        kept = self.parameters["width"] - shift
        low, high = scaled[:kept], scaled[kept:]
        if shift:
            low = Cat(0, low)
            threshold = Cat(threshold[:shift].any(), threshold[shift:])
        below = Signal(name=name)
        m.d.comb += below.eq(Cat(low, high.any()) < threshold)
        return below

    def _delayed(self, m, value, stage, name):
        """``value``, made in ``stage``, when the last stage needs it."""
        for n in range(stage, len(self.enable) - 1):
            value = registered(m, value, self.enable[n], name=f"{name}_{n}")
        return value


class LogSqrt2Quantizer(StreamUnit):
    """Probabilities to log√2 codes, exact against the two integer thresholds, no multiplier.

    Equals :func:`vit2rtl.golden.log_sqrt2.quantize` for every probability and every pair
    ``0 < threshold_b <= threshold_a``: the code is the number of thresholds ``threshold_a / 2**j``
    and ``threshold_b / 2**j`` above the probability, found by two binary searches on j in which
    the probability is shifted left instead of the threshold right.

    Latency ``ceil(log2(min(2**(bits-1), width))) + 1`` cycles: one a search step and one to add
    the two counts (4 for 4 bits of 16). One beat a cycle. A stalled ``o`` stalls ``i`` and loses
    nothing: as many beats wait inside as the latency has cycles. ``last`` travels with its beat;
    reset discards what is inside.

    Parameters
    ----------
    lanes : int
        Elements a beat, 1 to 64. Lane 0 is in the least significant bits.
    bits : int
        Activation bits, 2 to 8.
    width : int
        Bits of the probability, 2 to 32, in units of ``2**-width``.
    zero_code : str
        ``"top"``, ``"extra"`` or ``"none"``, see :func:`vit2rtl.golden.log_sqrt2.code_count`.

    Members
    -------
    i : In(stream of {lanes: {probability: unsigned(width)} × lanes, last: 1})
    o : Out(stream of {lanes: {code: unsigned(bits)} × lanes, last: 1})
        One bit more with ``zero_code="extra"``.
    threshold_a, threshold_b : In(width)
        From :func:`vit2rtl.golden.log_sqrt2.thresholds`; change only while nothing is inside.
    """

    unit = "log_sqrt2_quantizer"
    lane = LogSqrt2QuantizerLane

    @classmethod
    def cycles(cls, parameters):
        """Search steps, and one cycle to add the two counts."""
        counts = threshold_counts(parameters["bits"], parameters["width"], parameters["zero_code"])
        return max(len(search_steps(split(count)[1])) for count in counts) + 1
