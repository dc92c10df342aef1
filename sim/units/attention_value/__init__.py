"""Attention × V: sums by their definition, all results of a tile at its end."""

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import numpy as np

from vit2rtl.golden.arithmetic import attention_value
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE
from vit2rtl.golden.units.attention_value.directed import Rule, extreme
from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Parameters
from vit2rtl.sim.coverage.points import NONE, Point
from vit2rtl.sim.units.attention_value.cores import CORES
from vit2rtl.sim.units.attention_value.model import contract, model
from vit2rtl.sim.units.face import EXHAUSTIVE, SPECIFICATION, STREAM, Face, Part

Samples = MutableMapping[str, Any]
Key = Callable[[Samples], np.ndarray]

_EVERY_PAIR = 1024  # pairs of a code and a value that are bins
_SPREAD = 1 << 10  # more than any value or code
_SIDES = {0: "even", 1: "odd"}


def bins(instance: Instance) -> Iterator[Point]:
    """Codes, values, pairs of them, ends of sums, ties, what a tile leaves behind, lengths."""
    p, fields = instance.parameters, instance.fields
    codes, top = fields["code"].range[1] + 1, 1 << p["value_bits"]
    places = {code + _SPREAD * q: f"{code}, query {q}" for code in range(codes)
              for q in range(p["rows"])}
    yield Point("code", places, lambda s: _codes(s, p) + _SPREAD * np.arange(p["rows"]))
    ends = {-top: "least", top - 1: "largest", 0: "0"}
    places = {v + 2 * _SPREAD * c: f"{name}, channel {c}" for v, name in ends.items()
              for c in range(p["lanes"])}
    yield Point("value", places, lambda s: _centered(s, p) + 2 * _SPREAD * np.arange(p["lanes"]))
    if codes * 2 * top <= _EVERY_PAIR:
        pairs = {code + _SPREAD * v: f"{code} and {v}" for code in range(codes)
                 for v in range(-top, top)}
        yield Point("code and value", pairs, lambda s: _codes(s, p)[..., np.newaxis]
                    + _SPREAD * _centered(s, p)[:, :, np.newaxis])
    yield from _sums(instance)
    yield _left_behind(instance)
    results = p["rows"] * p["lanes"]
    lengths = {1: "1", 2: "2", results + 3: "more than results"}
    yield Point("tokens", lengths, lambda s: np.array(_codes(s, p).shape[1]))
    high = fields["result"].range[1]
    yield Point("result", {0: "0", high: "top", (high + 1) // 2: "middle"}, lambda s: s["o.result"])
    unlike = {n: f"{n} unlike the next" for n in range(results - 1)}
    if unlike:
        yield Point("place", unlike, _unlike)
    for name, values in (
        ("shift", SHIFT_RANGE), ("v_zero_point", (0, top)),
        ("zero_point", fields["zero_point"].range),
        *((f"multiplier_{name}", (0, fields["multiplier_odd"].range[1] * (1 - even)))
          for even, name in ((1, "even"), (0, "odd"))),
    ):
        labels = {value: str(value) for value in values}
        yield Point(name.replace("_", " "), labels, _setting(name))


def _setting(name: str) -> Key:
    return lambda s: s[f"c.{name}"]


def _sum(p: Parameters, odd: int) -> Key:
    return lambda s: _totals(s, p)[odd]


def _codes(s: Samples, p: Parameters) -> np.ndarray:
    """int[tiles, tokens, rows]"""
    return s["i_codes.code"].reshape(len(s["i_codes.code"]), -1, p["rows"])


def _centered(s: Samples, p: Parameters) -> np.ndarray:
    """int[tiles, tokens, lanes]"""
    values = s["i.value"].astype(np.int64) - s["c.v_zero_point"]
    return values.reshape(len(values), -1, p["lanes"])


def _totals(s: Samples, p: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Even and odd sums, int[tiles, rows, lanes] each."""
    if "totals" not in s:
        s["totals"] = attention_value.accumulate(
            _codes(s, p).swapaxes(1, 2), _centered(s, p), 0, bits=p["bits"],
            zero_code=p["zero_code"])
    return s["totals"]


def _sums(instance: Instance) -> Iterator[Point]:
    """Both sums at the ends that they can reach, and half a unit before the shift."""
    p = instance.parameters
    rule, top = Rule(p), 1 << p["value_bits"]
    for odd, name in _SIDES.items():
        ends = {}
        for sign, label in ((-1, "least"), (1, "largest")):
            if tile := extreme(rule, odd, sign, top):
                ends[rule.sums(tile, 0, 0)[odd]] = label
        if ends:
            yield Point(f"{name} sum", ends, _sum(p, odd))

    def tie(s: Samples) -> np.ndarray:
        even, odd = (total.reshape(len(total), -1).astype(np.int64) for total in _totals(s, p))
        scaled = even * s["c.multiplier_even"] + odd * s["c.multiplier_odd"]
        half = np.int64(1) << (s["c.shift"].astype(np.int64) - 1)
        distance = (scaled & (2 * half - 1)) - half
        return np.where(distance == 0, np.sign(scaled), NONE)

    yield Point("tie", {1: "above zero", -1: "below zero"}, tie)


def _left_behind(instance: Instance) -> Point:
    """A tile without codes for a sum that the tile before had something in."""
    p = instance.parameters
    return Point("sum", {n: f"{name}, nothing after something" for n, name in _SIDES.items()},
                 lambda s: _nothing_after(s, p))


def _nothing_after(s: Samples, p: Parameters) -> np.ndarray:
    return np.stack([
        np.where((total[1:] == 0) & (total[:-1] != 0), n, NONE)
        for n, total in enumerate(_totals(s, p))
    ])


def _unlike(s: Samples) -> np.ndarray:
    results = s["o.result"]
    return np.where(results[:, 1:] != results[:, :-1], np.arange(results.shape[1] - 1), NONE)


_TINY = {"bits": 2, "value_bits": 2, "acc_width": 5}

FACE = Face(
    bins=bins,
    model=model,
    contract=contract,
    cores=CORES,
    mutated={"rows": 2},
    plan=(
        Part(STREAM, "any traffic, stalls and resets of tiles of any length; 1 query with 1 "
             "channel and with 2",
             ({"lanes": 1, "rows": 1, **_TINY}, {"lanes": 2, "rows": 1, **_TINY}), cycles=18),
        Part("sums", "every two tokens of 1 query and 2 channels: codes and values of 2 bits, and "
             "of 4, zero points of v; what drains both pairs",
             ({"lanes": 2, "rows": 1, **_TINY}, {"lanes": 2, "rows": 1}), core=True),
        Part("code", "any two products, every shift and zero point; sums of 14 bits, results of 4 "
             "and of 8", ({"lanes": 1, "rows": 1}, {"lanes": 1, "rows": 1, "output_bits": 8}),
             core=True),
        Part(SPECIFICATION, "directed tiles, and as many random ones, of 4 queries and 8 channels; "
             "of 1 and 2 with codes of 5 bits and of 8",
             ({}, {"lanes": 2, "rows": 1, "bits": 5, "acc_width": 22},
              {"lanes": 2, "rows": 1, "bits": 8, "value_bits": 8, "acc_width": 27})),
        Part(EXHAUSTIVE, "codes and values of 2 bits: every tile of 2 tokens of 1 query and 1 "
             "channel, and of 1 token of 2 queries and 2 channels",
             ({"lanes": 1, "rows": 1, **_TINY}, {"lanes": 2, "rows": 2, **_TINY}),
             tuple({"v_zero_point": zero, "multiplier_even": 46341, "multiplier_odd": 65536,
                    "shift": shift, "zero_point": point}
                   for zero, shift, point in ((0, 16, 0), (2, 17, 7), (4, 16, 15))),
             columns=(2,)),
    ),
)
