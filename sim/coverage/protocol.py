"""Bins of the stream protocol: what must have happened at the ports and in the pipeline."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from vit2rtl.sim.coverage.points import NONE, Point


def cycle_signals(inputs: Iterable[str], outputs: Iterable[str]) -> tuple[str, ...]:
    """Bits of a sampled clock cycle, the most significant first; valid bits of stages follow.

    ``first``: the next beat into stream ``i`` begins a packet; ``follows``: a beat went in in the
    cycle before; ``first_NAME`` and ``follows_NAME`` for streams ``i_NAME``.
    """
    inputs = tuple(inputs)
    ports = [f"{s}_{port}" for s in (*inputs, *outputs) for port in ("valid", "ready", "last")]
    return ("reset_n", *ports, *(
        f"{name}{s.removeprefix('i')}" for s in inputs for name in ("first", "follows")
    ))


CYCLE = cycle_signals("i", "o")
EVERY_FILL = 6  # a pipeline of so many stages is brought into each state, a deeper one into some


def fills(stages: int) -> list[int]:
    """Which stages hold a beat, as bits: each combination, of a deep pipeline each single run."""
    if stages <= EVERY_FILL:
        return list(range(1 << stages))
    runs = {(1 << n) - 1 << m for n in range(stages + 1) for m in range(stages - n + 1)}
    return sorted(runs)


def cycle_samples(
    states: Iterable[str], stages: int, signals: Sequence[str] = CYCLE
) -> dict[str, np.ndarray]:
    """Sampled cycles, strings of a digit a signal and a stage, as ``{name: int64[n]}``."""
    rows = [[int(digit) for digit in state] for state in states]
    bits = np.array(rows, dtype=np.int64).reshape(-1, len(signals) + stages)
    samples = {name: bits[:, n] for n, name in enumerate(signals)}
    powers = 1 << np.arange(stages, dtype=np.int64)[::-1]
    samples["stages"] = bits[:, len(signals) :] @ powers
    return samples


def where(samples: Mapping[str, np.ndarray], **wanted: int) -> np.ndarray:
    """Samples, out of reset, in which these signals have these values."""
    wanted = {"reset_n": 1, **wanted}
    return np.all([samples[name] == value for name, value in wanted.items()], axis=0)


def happens(**wanted: int) -> Callable[[Mapping], np.ndarray]:
    """Key of a point that is 1 where these signals have these values."""
    return lambda s: where(s, **wanted).astype(int)


SEEN = {1: "seen"}


def protocol_points(stages: int) -> list[Point]:
    """Points of a lane-wise unit with so many pipeline stages; 0 where they cannot be seen."""
    taken = {"i_valid": 1, "i_ready": 1}
    held = {"o_valid": 1, "o_ready": 0}
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
    points = [Point(label, SEEN, happens(**wanted)) for label, wanted in events.items()]
    points += _pipeline_points(stages) if stages else []
    return [point for point in points if point.bins]


def _pipeline_points(stages: int) -> list[Point]:
    full = (1 << stages) - 1
    states = {fill: f"{fill:0{stages}b}" for fill in fills(stages)}
    last = 1 << (stages - 1)

    def held(s: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.where(where(s, o_valid=1, o_ready=0), s["stages"], NONE)

    def bubble(s: Mapping[str, np.ndarray]) -> np.ndarray:
        keys = []
        for n in range(stages):
            empty = (s["stages"] >> n & 1) == 0
            behind = s["stages"] >> (n - 1) & 1 if n else s["i_valid"]
            closes = where(s, o_valid=1, o_ready=0) & empty & (behind == 1)
            keys.append(np.where(closes, n, NONE))
        return np.stack(keys)

    def in_reset(s: Mapping[str, np.ndarray]) -> np.ndarray:
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
            happens(stages=full, o_ready=1, i_valid=1),
        ),
    ]
