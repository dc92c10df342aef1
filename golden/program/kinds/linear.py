"""A linear layer: codes to codes, requantized by channel (R1, R2)."""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from vit2rtl.golden.arithmetic import matmul
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE, rescale
from vit2rtl.golden.program import by_hand
from vit2rtl.golden.program.conditions import MULTIPLIERS, assert_bound, bounded, windowed
from vit2rtl.golden.program.kind import (
    HALF_UP,
    REQUANTIZE,
    Constant,
    Kind,
    element_bits,
    integers,
)
from vit2rtl.golden.program.program import Op, Tensor

# Rows that are multiplied together: their sums stay in the cache.
_ROWS = 197


def misshapen(op: Op, x: Tensor, *roles: str) -> str | None:
    """What is wrong with the shapes of a linear layer and its weight codes, or None.

    roles   constants of one element an output channel, besides those of every layer
    """
    t, bits = op.tensors, op.attributes["weight_bits"]
    if t["weight"].ndim != 2 or t["weight"].dtype != np.uint8:
        return "weight must be uint8[out, in]"
    out, width = t["weight"].shape
    if x.shape[-1] != width or op.output.shape != (*x.shape[:-1], out):
        return (f"weight of shape {t['weight'].shape} does not fit input {x.shape} "
                f"and output {op.output.shape}")
    for role in ("weight_zero_point", "bias", "multiplier", "shift", *roles):
        if t[role].shape != (out,):
            return f"{role} must have the shape ({out},), not {t[role].shape}"
    if int(t["weight"].max()) >> bits:
        return f"weight codes must have {bits} bits, of 1 to 8"
    return None


def check(op: Op, x: Tensor) -> str | None:
    t, a = op.tensors, op.attributes
    if problem := misshapen(op, x):
        return problem
    if x.encoding != "uniform" or x.signed or op.output.encoding != "uniform":
        return "input and output must be codes"
    if (a["input_zero_point"], a["input_top"]) != (x.zero_point, x.limits()[1]):
        return f"zero point and top of the input are {x.zero_point} and {x.limits()[1]}"
    return windowed(t["shift"]) or bounded(a["accumulator_bound"], _bounds(op).accumulator)


def centered_weight(op: Op) -> np.ndarray:
    """int64[out, in]: weight codes less their row's zero point, w' of R2."""
    return op.tensors["weight"].astype(np.int64) - op.tensors["weight_zero_point"][:, np.newaxis]


def centered_bias(op: Op, weight: np.ndarray) -> np.ndarray:
    """int64[out]: the bias of codes less their zero point, as in the simulation."""
    return matmul.unfold(
        op.tensors["bias"].astype(np.int64), weight, op.attributes["input_zero_point"])


def _bounds(op: Op) -> matmul.LinearBounds:
    weight, a = centered_weight(op), op.attributes
    return matmul.linear_bounds(
        weight, centered_bias(op, weight), a["input_zero_point"], a["input_top"])


def run(op: Op, x: np.ndarray) -> np.ndarray:
    """``x · w' + bias``, requantized; Python integers by the definition, others by BLAS."""
    limits = op.output.limits()
    if x.dtype == object:
        acc = matmul.linear(x, centered_weight(op).astype(object), op.tensors["bias"])
        assert_bound(op, acc)
        return rescale(acc, op.tensors["multiplier"], op.tensors["shift"],
                       np.int64(op.output.zero_point), *limits)
    prepared = op.cache.get("linear") or op.cache.setdefault("linear", _prepared(op))
    rows = x.reshape(-1, x.shape[-1])
    codes = np.empty((len(rows), op.output.shape[-1]), op.output.dtype)
    low, high = (limit - op.output.zero_point for limit in limits)
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        centered = rows[part].astype(prepared["weight"].dtype) - prepared["zero_point"]
        acc = centered @ prepared["weight"]
        if max(-acc.min(), acc.max()) > prepared["bound"]:
            raise ValueError(f"Op {op.name}: an accumulator exceeds its bound")
        y = np.multiply(acc, prepared["factor"], dtype=np.float64)
        y += prepared["offset"]
        np.floor(y, out=y)
        np.clip(y, low, high, out=y)
        y += op.output.zero_point
        codes[part] = y
    return codes.reshape(x.shape[:-1] + codes.shape[1:])


def _prepared(op: Op) -> dict[str, Any]:
    """Weights as the narrowest float that holds every sum of centered codes exactly.

    Bias, rounding constant and zero point of the input are one float64 per channel: multiples of
    2**-shift, below 2**53 of them.
    """
    weight, t = centered_weight(op), op.tensors
    bound = _bounds(op).products
    kind = np.float32 if bound <= 1 << 24 else np.float64
    factor = t["multiplier"].astype(np.int64) * 2.0 ** -t["shift"].astype(np.int64)
    return {
        "weight": np.ascontiguousarray(weight.T.astype(kind)),
        "zero_point": kind(op.attributes["input_zero_point"]), "bound": bound, "factor": factor,
        "offset": centered_bias(op, weight) * factor + 0.5,
    }


def work_by_hand(page: by_hand.Page, op: by_hand.Described) -> Iterator[str]:
    """The last row's last channel."""
    source, target = (page.tensors[name] for name in (op["inputs"][0], op["output"]))
    row, channel = by_hand.last_element(target)
    constants = page.constants(op)
    x = page.row(source, row)
    weight = page.row(constants["weight"], channel)
    zero, bias, multiplier, shift = (
        page.row(constants[role], 0)[channel]
        for role in ("weight_zero_point", "bias", "multiplier", "shift")
    )
    pairs = list(zip(x, weight, strict=True))
    products = sum(q * (w - zero) for q, w in pairs)
    acc = products + bias
    yield (f"Op `{op['name']}`, row {row}, channel {channel}: row {row} of `{source['file']}`, "
           f"row {channel} of `{constants['weight']['file']}`, element {channel} of the other "
           "constants.\n")
    first = " + ".join(f"{q}·({w} - {by_hand.term(zero)})" for q, w in pairs[:4])
    yield f"    acc = {first} + ... ({len(pairs)} products) = {products}"
    yield f"    {products} + {by_hand.term(bias)}, the bias, = {acc}"
    yield from by_hand.requantized(page, target, (row, channel), acc, (multiplier, shift))


def _weight_format(op: Op) -> tuple[int, bool]:
    return op.attributes["weight_bits"], False


def _weight_cost(op: Op, array: np.ndarray) -> int:
    return array.size * op.attributes["weight_bits"]


def _zero_point_cost(op: Op, array: np.ndarray) -> int:
    """Zero points that are all one number (symmetric weights) count once."""
    signed, equal = int(array.min()) < 0, array.min() == array.max()
    return (1 if equal else array.size) * element_bits(array, signed=signed or bool(equal))


def _shift_cost(op: Op, array: np.ndarray) -> int:
    """A base for the layer, and as many bits as its window of shifts needs."""
    return array.size * (int(array.max()) - int(array.min())).bit_length()


KIND = Kind(
    module=__name__,
    inputs=("codes",),
    attributes=integers("weight_bits", range=(1, 8), width=True)
    | integers("accumulator_bound", "input_zero_point", "input_top"),
    constants={
        "weight": Constant(format=_weight_format, cost=_weight_cost, parameter=True),
        "weight_zero_point": Constant((1 - (1 << 24), (1 << 24) - 1), cost=_zero_point_cost),
        "bias": Constant(parameter=True),
        "multiplier": Constant(MULTIPLIERS, signed=False),
        "shift": Constant(SHIFT_RANGE, signed=False, cost=_shift_cost),
    },
    layer=True,
    check=check,
    run=run,
    formula="acc = Σ q·(weight - weight_zero_point) + bias; " + REQUANTIZE,
    rounding=HALF_UP,
    macs=lambda op, tensors: prod(op.output.shape) * tensors[0].shape[-1],
    numbers={
        "weight_low": lambda op: int(centered_weight(op).min()),
        "weight_high": lambda op: int(centered_weight(op).max()),
    },
    by_hand=work_by_hand,
    cause="the simulation's codes are of another scale, rounded twice",
    rescaled=True,
)
