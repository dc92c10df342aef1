"""Quantizer of probabilities to log√2 codes: comparisons and shifts, no logarithm, no divider."""

from amaranth.hdl import Cat, Const, Module, Mux

from vit2rtl.golden.log_sqrt2 import code_count
from vit2rtl.rtl.pipeline import registered
from vit2rtl.rtl.stream_unit import Lane, StreamUnit


def search_steps(count):
    """Step sizes of a binary search among ``count`` thresholds: their sum is ``count``.

    7 → 4, 2, 1 and 8 → 4, 2, 1, 1: each step is at most one more than all later ones together.
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


class LogSqrt2QuantizerLane(Lane):
    """One probability to one code: two binary searches side by side, a step of each a stage."""

    def elaborate(self, platform):
        m = Module()
        bits, width = self.parameters["bits"], self.parameters["width"]
        zero_code = self.parameters["zero_code"]
        last = code_count(bits, zero_code) - 1
        counts = threshold_counts(bits, width, zero_code)
        zero_is_apart = (last + 1) // 2 > width

        zero = self.i.probability == 0
        totals = []
        sides = zip("ab", (self.threshold_a, self.threshold_b), counts, strict=True)
        for side, threshold, count in sides:
            steps = search_steps(count)
            scaled, total = self.i.probability, Const(0, 1)
            for n, step in enumerate(steps):
                below = self._below(scaled, threshold, step)
                moved = Mux(below, (scaled << step)[: width + 1], scaled)
                scaled = registered(m, moved, self.enable[n], name=f"scaled_{side}{n}")
                summed = (total + Mux(below, step, 0))[: sum(steps[: n + 1]).bit_length()]
                total = registered(m, summed, self.enable[n], name=f"count_{side}{n}")
            for n in range(len(steps), len(self.enable) - 1):
                total = registered(m, total, self.enable[n], name=f"count_{side}{n}")
            totals.append(total)

        code = (totals[0] + totals[1])[: self.o.code.shape().width]
        if zero_is_apart:
            for n in range(len(self.enable) - 1):
                zero = registered(m, zero, self.enable[n], name=f"zero_{n}")
            code = Mux(zero, last, code)
        m.d.comb += self.o.code.eq(registered(m, code, self.enable[-1], name="code"))
        return m

    def _below(self, scaled, threshold, step):
        """``scaled * 2**(step-1) < threshold``, with no more bits compared than can differ."""
        width = self.parameters["width"]
        kept = width - step + 1
        low, high = scaled[:kept], scaled[kept:]
        if step == 1:
            below = low < threshold
        else:
            below = Cat(0, low) < Cat(threshold[: step - 1].any(), threshold[step - 1 :])
        return below & ~high.any() if len(high) else below


class LogSqrt2Quantizer(StreamUnit):
    """Probabilities to log√2 codes, exact against the two integer thresholds, no multiplier.

    Equals :func:`vit2rtl.golden.log_sqrt2.quantize` for every probability and every pair
    ``0 < threshold_b <= threshold_a``: the code is the number of thresholds ``threshold_a / 2**j``
    and ``threshold_b / 2**j`` above the probability, found by two binary searches on j in which
    the probability is shifted left instead of the threshold right.

    Latency ``floor(log2(min(2**(bits-1), width))) + 2`` cycles: one a search step and one to add
    the two counts (5 for 4 bits of 16). One beat a cycle. A stalled ``o`` stalls ``i`` and loses
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
        counts = threshold_counts(
            parameters["bits"], parameters["width"], parameters["zero_code"]
        )
        return len(search_steps(counts[0])) + 1
