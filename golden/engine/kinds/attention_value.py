"""Attention × V: a unit of its own, its accumulators sized by the bound of a softmax's rows."""

from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.arithmetic.attention_value import fraction_bits
from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.arithmetic.requantizer import SHIFT_RANGE
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import (
    Placement,
    UnitRecord,
    Use,
    at_most,
    buffered,
    centered,
    code_width,
    one_image,
)
from vit2rtl.golden.engine.tiles import blocks, filled, nowhere
from vit2rtl.golden.program.attention import split_heads
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.units import Instance


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    codes, values = inputs
    a = op.attributes
    if a["zero_code"] != "top":
        return f"its zero code is {a['zero_code']}, and the engine's is the top one"
    problem = first((
        one_image(values, "v"),
        at_most("the width of its codes", codes.bits, configuration.attention_bits,
                "attention × V"),
        code_width(values, configuration, "v", "attention × V"),
        code_width(op.output, configuration, "its output", "attention × V"),
    ))
    if problem:
        return problem
    # A unit of more bits shifts the same codes further.
    further = fraction_bits(configuration.attention_bits) - fraction_bits(codes.bits)
    bound = a["accumulator_bound"] << further
    return first((
        at_most("the width of its accumulators", width(-bound, bound),
                configuration.attention_acc_width, "attention × V"),
        at_most("the shift of its multipliers", a["multipliers"][2] + further, SHIFT_RANGE[1],
                "attention × V"),
        centered(a["v_zero_point"], values.limits()[1] + 1, "v"),
        at_most("the magnitude of its output's zero point", abs(op.output.zero_point),
                (1 << configuration.code_bits) - 1, "attention × V"),
        buffered(values, configuration, "projected", heads=a["heads"], digits=1),
        buffered(op.output, configuration, "projected", heads=a["heads"]),
    ))


def records(use: Use, configuration: Configuration) -> Iterator[UnitRecord]:
    """Tiles of queries × channels of a head; tokens one after the other."""
    op, (codes, values) = use.op, use.inputs
    a, rows, lanes = op.attributes, configuration.attention_rows, configuration.columns
    heads, queries, tokens = codes.shape
    by_head = split_heads(values, heads)
    results, places = (
        split_heads(x, heads) for x in (
            use.output, np.arange(use.output.size).reshape(use.output.shape)))
    query, channel = blocks(queries, rows), blocks(by_head.shape[-1], lanes)
    tiles = (heads, len(query), len(channel))

    def of_tiles(matrix: np.ndarray) -> np.ndarray:
        """[heads, queries, channels] -> [tiles, rows · lanes]"""
        cut = matrix[:, query[:, np.newaxis, :, np.newaxis], channel[np.newaxis, :, np.newaxis]]
        return cut.reshape(-1, rows * lanes)

    # [heads, query tiles, tokens, rows] and [heads, channel tiles, tokens, lanes], by tile
    left = codes[:, query].swapaxes(2, 3)[:, :, np.newaxis]
    right = by_head[:, :, channel].swapaxes(1, 2)[:, np.newaxis]
    repeated = (filled(queries, rows)[:, np.newaxis, :, np.newaxis]
                | filled(by_head.shape[-1], lanes)[np.newaxis, :, np.newaxis])
    even, odd, shift = a["multipliers"]
    yield UnitRecord(
        instance=Instance.of(
            "attention_value", lanes=lanes, rows=rows, bits=a["softmax_bits"],
            zero_code=a["zero_code"], value_bits=use.tensors[1].bits,
            acc_width=configuration.attention_acc_width, output_bits=op.output.bits),
        inputs={
            "code": np.broadcast_to(left, (*tiles, tokens, rows)).reshape(-1, tokens * rows),
            "value": np.broadcast_to(right, (*tiles, tokens, lanes)).reshape(-1, tokens * lanes),
        },
        outputs={"result": of_tiles(results)},
        settings={"v_zero_point": a["v_zero_point"], "multiplier_even": even,
                  "multiplier_odd": odd, "shift": shift, "zero_point": op.output.zero_point},
        places={"result": nowhere(of_tiles(places), np.broadcast_to(
            repeated, (heads, *repeated.shape)).reshape(-1, rows * lanes))},
    )


PLACEMENT = Placement(limits=limits, records=records)
