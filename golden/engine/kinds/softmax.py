"""Softmax and its log√2 quantizer: a unit of its own."""

from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.engine.configuration import EXP_BITS, Configuration
from vit2rtl.golden.engine.placement import Placement, UnitRecord, Use, at_most
from vit2rtl.golden.engine.tiles import blocks, filled, nowhere
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.units import Instance


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    a = op.attributes
    if a["zero_code"] != "top":
        return f"its zero code is {a['zero_code']}, and the engine's is the top one"
    sizes = (a["rom_bits"], a["exp_bits"])
    if sizes != (configuration.rom_bits, EXP_BITS):
        return (f"its exponentials have {sizes[0]} and {sizes[1]} bits, and the engine's "
                f"{configuration.rom_bits} and {EXP_BITS}")
    return first((
        at_most("the width of its logits", inputs[0].bits, configuration.logit_width, "softmax"),
        at_most("the width of its codes", op.output.bits, configuration.attention_bits,
                "attention × V"),
        at_most("the number of keys", inputs[0].shape[-1], configuration.tokens,
                "a row of logits"),
    ))


def records(use: Use, configuration: Configuration) -> Iterator[UnitRecord]:
    """Queries side by side, of all heads one after the other."""
    lanes, a = configuration.softmax_lanes, use.op.attributes
    logits, codes = (x.reshape(-1, x.shape[-1]) for x in (use.inputs[0], use.output))
    queries, repeated = (f(len(logits), lanes) for f in (blocks, filled))

    def side_by_side(rows: np.ndarray) -> np.ndarray:
        """[queries, tokens] -> [groups, tokens · lanes]"""
        return rows[queries].swapaxes(1, 2).reshape(len(queries), -1)

    places = np.arange(codes.size).reshape(codes.shape)
    tokens = np.broadcast_to(repeated[:, np.newaxis], (len(queries), logits.shape[1], lanes))
    yield UnitRecord(
        instance=Instance.of(
            "softmax_quantizer", lanes=lanes, tokens=configuration.tokens,
            **{name: a[name] for name in ("bits", "zero_code", "width", "rom_bits", "exp_bits")}),
        inputs={"logit": side_by_side(logits)},
        outputs={"code": side_by_side(codes)},
        settings={name: a[name] for name in (
            "multiplier", "shift", "threshold_a", "threshold_b", "threshold_shift")},
        places={"code": nowhere(side_by_side(places), tokens.reshape(len(queries), -1))},
    )


PLACEMENT = Placement(limits=limits, records=records)
