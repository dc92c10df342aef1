"""Bins of the stream protocol: what must have happened at the ports and in the pipeline."""

import numpy as np

from vit2rtl.sim.coverage.points import Point

# Bits of a sampled clock cycle, the most significant first; the valid bits of the stages follow.
CYCLE = (
    "reset_n",
    "i_valid",
    "i_ready",
    "i_last",
    "o_valid",
    "o_ready",
    "o_last",
    "first",  # the next beat in begins a packet
    "follows",  # a beat went in in the cycle before
)
EVERY_FILL = 6  # a pipeline of so many stages is brought into each state, a deeper one into some
NONE = -1


def fills(stages):
    """Which stages hold a beat, as bits: each combination, of a deep pipeline each single run."""
    if stages <= EVERY_FILL:
        return list(range(1 << stages))
    runs = {(1 << n) - 1 << m for n in range(stages + 1) for m in range(stages - n + 1)}
    return sorted(runs)


def cycle_samples(states, stages):
    """Sampled cycles, strings of ``len(CYCLE) + stages`` digits, as ``{name: int64[n]}``."""
    bits = np.array([[int(digit) for digit in state] for state in states], dtype=np.int64)
    bits = bits.reshape(len(states), len(CYCLE) + stages)
    samples = {name: bits[:, n] for n, name in enumerate(CYCLE)}
    powers = 1 << np.arange(stages, dtype=np.int64)[::-1]
    samples["stages"] = bits[:, len(CYCLE) :] @ powers
    return samples


def _where(samples, **wanted):
    """Samples, out of reset, in which these signals have these values."""
    wanted = {"reset_n": 1, **wanted}
    return np.all([samples[name] == value for name, value in wanted.items()], axis=0)


def _happens(**wanted):
    return lambda s: _where(s, **wanted).astype(int)


def protocol_points(stages):
    """``list[Point]`` of a unit with so many pipeline stages; 0 where they cannot be seen."""
    taken = {"i_valid": 1, "i_ready": 1}
    held = {"o_valid": 1, "o_ready": 0}
    seen = {1: "seen"}
    events = {
        "no beat offered, none inside": {"i_valid": 0, "o_valid": 0, "stages": 0},
        "a beat offered and not taken": {"i_valid": 1, "i_ready": 0},
        "a beat in and one out in the same cycle": {**taken, "o_valid": 1, "o_ready": 1},
        "ready for a beat that has not come": {"o_valid": 0, "o_ready": 1},
        "a beat held at the output": held,
        "beats in in two cycles running": {**taken, "follows": 1},
        "a beat in after a pause": {**taken, "follows": 0},
        "tlast on a packet of one beat": {**taken, "i_last": 1, "first": 1},
        "tlast on packets of one beat, running": {
            **taken, "i_last": 1, "first": 1, "follows": 1,
        },
        "tlast ends a longer packet": {**taken, "i_last": 1, "first": 0},
        "tlast in the cycle after a pause": {**taken, "i_last": 1, "follows": 0},
        "a packet begins right after tlast": {**taken, "i_last": 0, "first": 1, "follows": 1},
        "tlast held at the output": {**held, "o_last": 1},
    }
    points = [Point(label, seen, _happens(**wanted)) for label, wanted in events.items()]
    points += _pipeline_points(stages) if stages else []
    return [point for point in points if point.bins]


def _pipeline_points(stages):
    full = (1 << stages) - 1
    states = {fill: f"{fill:0{stages}b}" for fill in fills(stages)}
    last = 1 << (stages - 1)

    def held(s):
        return np.where(_where(s, o_valid=1, o_ready=0), s["stages"], NONE)

    def bubble(s):
        keys = []
        for n in range(stages):
            empty = (s["stages"] >> n & 1) == 0
            behind = s["stages"] >> (n - 1) & 1 if n else s["i_valid"]
            closes = _where(s, o_valid=1, o_ready=0) & empty & (behind == 1)
            keys.append(np.where(closes, n, NONE))
        return np.stack(keys)

    def in_reset(s):
        return np.where(s["reset_n"] == 0, s["stages"], NONE)

    return [
        Point(
            "back pressure with stages valid",
            {fill: label for fill, label in states.items() if fill & last},
            held,
        ),
        Point(
            "under back pressure a bubble closes in stage",
            {n: str(n) for n in range(stages - 1)},
            bubble,
        ),
        Point("reset with stages valid", states, in_reset),
        Point(
            "every stage valid",
            {1: "and moving"},
            _happens(stages=full, o_ready=1, i_valid=1),
        ),
    ]
