"""Directed corner cases of every unit, with expected values from slow oracles of their own.

Nothing here calls the golden functions: ties, thresholds and roots are decided in Python integers
and fractions, straight from the definitions. The bundle writer then holds golden against them.
"""

from fractions import Fraction
from math import gcd, isqrt

import numpy as np

from vit2rtl.golden.units import directed_requantizer


def directed_records(instance):
    """Records for :meth:`BundleWriter.add`: a list of its keyword arguments, all but ``instance``.

    Every corner that the instance's parameters allow, once in every lane: see the ``description``
    in their notes.
    """
    return [
        {
            "record": f"directed.{name}",
            "layer": "directed",
            "kind": "directed",
            "inputs": _in_every_lane(inputs, instance.lanes),
            "outputs": _in_every_lane(outputs, instance.lanes),
            "configuration": configuration,
            "notes": notes,
        }
        for name, inputs, outputs, configuration, notes in _CASES[instance.unit.name](instance)
    ]


def _in_every_lane(columns, lanes):
    """The elements as often as there are lanes, their number prime to it: each is in every one."""
    count = len(next(iter(columns.values())))
    while gcd(count, lanes) != 1:
        count += 1
    return {name: np.tile(np.resize(values, count), lanes) for name, values in columns.items()}


def oracle_log_sqrt2(probability, scale, width, count):
    """Eq. 18 on one element: ``p / scale < 2**(-(2k+1)/4)``, raised to the fourth power."""
    relative = Fraction(probability, 2**width) / Fraction(scale)
    return sum(relative**4 < Fraction(1, 2 ** (2 * k + 1)) for k in range(count - 1))


def oracle_log2_value(code, width, zero):
    """Eq. 19 on one code: the largest v with ``v <= 2**(width-1-code/2)``, that is, squared."""
    return 0 if code == zero else isqrt(4 ** (width - 1) // 2**code)


def smallest_at_least(scale, width, quarter):
    """The smallest integer t with ``t >= scale * 2**width * 2**(-quarter/4)``, by bisection."""
    fourth = (Fraction(scale) * 2**width) ** 4 / 2**quarter
    low, high = 0, 2**width
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if middle**4 >= fourth else (middle + 1, high)
    return low


def _log2_dequantizer(instance):
    p = instance.parameters
    top = instance.inputs[0].range[1]
    zero = None if p["zero_code"] == "none" else top
    # Forwards, then backwards, so that every code meets more than one lane.
    codes = [*range(top + 1), *range(top, -1, -1), top, 0]
    each = "every code up and down, zero code and code 0 side by side"
    lanes = [*[0, top] * instance.lanes, *[top] * instance.lanes, *[0] * instance.lanes]
    unlike = "lanes unlike their neighbours, then all of them the last code, then all of them 0"
    for name, stimulus, description in (("every_code", codes, each), ("lanes", lanes, unlike)):
        values = [oracle_log2_value(code, p["width"], zero) for code in stimulus]
        note = {"code": {"description": description}}
        yield name, {"code": _array(stimulus)}, {"value": _array(values)}, {}, note


def _log_sqrt2_quantizer(instance):
    p = instance.parameters
    width, count = p["width"], instance.outputs[0].range[1] + 1
    largest = 2**width - 1
    for name, scale in (
        ("scale_one", 1.0),
        ("scale_middle", 0.71),
        ("scale_tiny", 3 / 2**width),
        ("scale_least", 1 / 2**width),
    ):
        thresholds = {
            "threshold_a": smallest_at_least(scale, width, 1),
            "threshold_b": smallest_at_least(scale, width, 3),
        }
        edges = {smallest_at_least(scale, width, 2 * k + 1) for k in range(count - 1)}
        near = {edge + step for edge in edges for step in (-1, 0, 1)}
        near |= {(1 << n) - step for n in range(width + 1) for step in (0, 1)}
        ordered = sorted({0, 1, largest - 1, largest} | {n for n in near if 0 <= n <= largest})
        probabilities = [*ordered, largest, *[0, largest] * instance.lanes]
        codes = [oracle_log_sqrt2(n, scale, width, count) for n in probabilities]
        notes = {
            "probability": {
                "scale": 2.0**-width,
                "description": "thresholds, powers of two, and their neighbours; zero, the largest",
            },
            "code": {"scale": scale},
        }
        yield (
            name,
            {"probability": _array(probabilities)},
            {"code": _array(codes)},
            thresholds,
            notes,
        )


def _array(values):
    return np.array(values, dtype=np.int64)


_CASES = {
    "log2_dequantizer": _log2_dequantizer,
    "log_sqrt2_quantizer": _log_sqrt2_quantizer,
    "requantizer": directed_requantizer.cases,
}
