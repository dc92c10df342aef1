"""q·kᵀ by head, less zero points: accumulators, or with a multiplier logits (R3)."""

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np

from vit2rtl.golden.arithmetic import matmul, softmax
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE
from vit2rtl.golden.program import by_hand
from vit2rtl.golden.program.attention import (
    bias_and_mask,
    divided_by_heads,
    matrix_shape,
    split_heads,
)
from vit2rtl.golden.program.conditions import MULTIPLIERS, assert_bound, bounded
from vit2rtl.golden.program.kind import REQUANTIZE, Constant, Kind, integers
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, q: Tensor, k: Tensor) -> str | None:
    a = op.attributes
    if problem := divided_by_heads(op, q):
        return problem
    shape = matrix_shape(q, k, a["heads"])
    if (q.shape[:-2], q.shape[-1]) != (k.shape[:-2], k.shape[-1]) or op.output.shape != shape:
        return f"q {q.shape}, k {k.shape} and output {op.output.shape} do not fit"
    if (a["q_zero_point"], a["k_zero_point"]) != (q.zero_point, k.zero_point):
        return "zero points are not those of its inputs"
    bound = matmul.query_key_bound(q.reach, k.reach, q.shape[-1] // a["heads"])
    if problem := bounded(a["product_bound"], bound) or bias_and_mask(op, shape):
        return problem
    if "bias" in op.tensors:
        bound += int(np.abs(op.tensors["bias"].astype(np.int64)).max())
    if "multiplier" in a:
        if "shift" not in a or a.get("width") != op.output.bits or not op.output.signed:
            return "multiplier, shift and width must be those of signed logits"
        if op.output.encoding != "uniform" or op.output.zero_point:
            return "logits must be codes of zero point 0"
    elif op.output.encoding != "accumulator" or op.output.bound != bound:
        return f"output must be accumulators of at most {bound}"
    return bounded(a["accumulator_bound"], bound)


def run(op: Op, q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """[..., queries, channels], [..., tokens, channels] -> [..., heads, queries, tokens]"""
    a = op.attributes
    acc = matmul.query_key(
        split_heads(q, a["heads"]), split_heads(k, a["heads"]), a["q_zero_point"],
        a["k_zero_point"], bound=a["product_bound"])
    if "multiplier" not in a:
        assert_bound(op, acc)
        return acc
    if "bias" in op.tensors:
        acc = acc + op.tensors["bias"]
    assert_bound(op, acc)
    mask = op.tensors.get("mask")
    heads_mask = None if mask is None else mask[..., np.newaxis, :, :].astype(bool)
    return softmax.logits(acc, np.int64(a["multiplier"]), np.int64(a["shift"]), width=a["width"],
                          mask=heads_mask)


def macs(op: Op, tensors: Sequence[Tensor]) -> int:
    queries, keys = tensors
    return prod(keys.shape) * queries.shape[-2]


def work_by_hand(page: by_hand.Page, op: by_hand.Described) -> Iterator[str]:
    """The first head's last query with its last key; no lines where a mask may hide it."""
    constants = page.constants(op)
    if "mask" in constants:
        return
    q, k, target = (page.tensors[name] for name in (*op["inputs"], op["output"]))
    a = op["attributes"]
    row, column = (tensor["shape"][-2] - 1 for tensor in (q, k))
    channels = q["shape"][-1] // a["heads"]
    left, right = page.row(q, row)[:channels], page.row(k, column)[:channels]
    acc = sum((x - a["q_zero_point"]) * (y - a["k_zero_point"])
              for x, y in zip(left, right, strict=True))
    yield (f"Op `{op['name']}`, first head, the last query with the last key: the first {channels} "
           f"columns of row {row} of `{q['file']}` and of row {column} of `{k['file']}`.\n")
    yield (f"    acc = ({left[0]} - {by_hand.term(a['q_zero_point'])})·({right[0]} - "
           f"{by_hand.term(a['k_zero_point'])}) + ... ({channels} products) = {acc}")
    if "bias" in constants:
        bias = page.row(constants["bias"], row)[column]
        yield f"    {acc} + {by_hand.term(bias)}, row {row} of the bias, = {acc + bias}"
        acc += bias
    if "multiplier" in a:
        # The smallest number is a masked logit's alone.
        yield from by_hand.requantized(page, target, (row, column), acc,
                                       (a["multiplier"], a["shift"]), above=1)
    else:
        yield from by_hand.expected(page, target, (row, column), acc)


KIND = Kind(
    module=__name__,
    title="q·kᵀ",
    inputs=("q", "k"),
    attributes=integers(
        "heads", "accumulator_bound", "q_zero_point", "k_zero_point", "product_bound")
    | integers("multiplier", range=(1, MULTIPLIERS[1]), optional=True)
    | integers("shift", range=SHIFT_RANGE, optional=True)
    | integers("width", optional=True),
    constants={
        "bias": Constant(optional=True, parameter=True),
        "mask": Constant(optional=True, signed=False),
    },
    check=check,
    run=run,
    formula=(
        "by head, acc = Σ (q - q_zero_point)·(k - k_zero_point) (+ bias), the output; with a "
        "multiplier " + REQUANTIZE + ", never the smallest number, which is where mask is 1"),
    rounding="none, with a multiplier half up, once",
    macs=macs,
    by_hand=work_by_hand,
    cause="logits of 12 or 16 bits",
)
