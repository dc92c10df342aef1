"""log√2 quantizer: thresholds one by one."""

from collections.abc import Iterator, Mapping

import numpy as np

from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.golden.units.instance import Instance
from vit2rtl.sim.coverage.points import NONE, Point, unlike_lanes
from vit2rtl.sim.units.codes import code_bins
from vit2rtl.sim.units.face import (
    FUNCTION,
    SPECIFICATION,
    STREAM_CONTRACT,
    Face,
    Part,
    Specification,
)


def bins(instance: Instance) -> Iterator[Point]:
    """Codes, both sides of every threshold, ends of probabilities and of thresholds."""
    width = instance.fields["probability"].width
    last = instance.fields["code"].range[1]
    # Thresholds a, b, a/2, b/2, …; from the 2 * width-th on only zero is below.
    reached = {*range(min(last, 2 * width) + 1), last}
    yield Point("code", code_bins(instance, reached), lambda s: s["o.code"])
    yield _thresholds(last)
    yield _exact(min(last, 2 * width))
    ends = {0: "0", 1: "1", (1 << width) - 1: "largest"}
    yield Point("probability", ends, lambda s: s["i.probability"])
    highest, _ = log_sqrt2.thresholds(1.0, width=width)
    scales = {1: "least, both 1", highest: "of scale 1"}
    yield Point("thresholds", scales, lambda s: s["c.threshold_a"])
    yield unlike_lanes(*instance.sinks)


def _thresholds(last: int) -> Point:
    edges: dict[int, str] = {}
    for k in range(last):
        edges |= {2 * k: f"{k}, largest below", 2 * k + 1: f"{k}, smallest not below"}

    def key(s: Mapping[str, np.ndarray]) -> np.ndarray:
        keys = []
        for k in range(last):
            threshold = -(-s["c.threshold_b" if k & 1 else "c.threshold_a"] >> (k >> 1))
            distance = s["i.probability"] - threshold
            keys.append(2 * k + 1 + distance[(distance == -1) | (distance == 0)])
        return np.concatenate(keys)

    return Point("threshold", edges, key)


def _exact(count: int) -> Point:
    """Those that a probability can equal: of a threshold with enough zeros at its end."""

    def key(s: Mapping[str, np.ndarray]) -> np.ndarray:
        probability = s["i.probability"]
        keys = []
        for k in range(count):
            threshold = s["c.threshold_b" if k & 1 else "c.threshold_a"]
            keys.append(np.where(probability << (k >> 1) == threshold, k, NONE))
        return np.stack(keys)

    return Point("threshold met exactly", {k: str(k) for k in range(count)}, key)


def body(instance: Instance) -> list[str]:
    """Eq. 18 by its definition: how many thresholds ``T_k`` are above the probability."""
    thresholds = instance.fields["code"].range[1]
    extra = (thresholds + 1) // 2
    return [
        "code = 0;",
        f"for (k = 0; k < {thresholds}; k = k + 1)",
        f"  if (({{{extra}'b0, probability}} << (k >> 1)) < (k & 1 ? threshold_b : threshold_a))",
        "    code = code + 1;",
    ]


FACE = Face(
    bins=bins,
    specification=Specification(body),
    plan=(
        STREAM_CONTRACT,
        Part(
            FUNCTION,
            "every probability, every pair of thresholds of the unit's domain; 4 bits of 16 with "
            "each zero code, 2, 3, 5, 6, 7 and 8 bits of 16, 4 bits of 3, 24 and 32",
            (
                {"lanes": 1},
                {"lanes": 2},
                {"lanes": 1, "zero_code": "extra"},
                {"lanes": 1, "zero_code": "none"},
                *({"lanes": 1, "bits": bits} for bits in (2, 3, 5, 6, 7, 8)),
                *({"lanes": 1, "width": width} for width in (3, 24, 32)),
            ),
        ),
        Part(SPECIFICATION, "20,000 samples of 4 bits of 16", ({"lanes": 1},)),
    ),
)
