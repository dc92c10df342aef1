"""LayerNorm straight to codes: a unit of its own."""

from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import OPERANDS, Unit
from vit2rtl.golden.engine.placement import (
    Placement,
    UnitRecord,
    Use,
    at_most,
    buffered,
    code_width,
    streamed,
)
from vit2rtl.golden.engine.tiles import padded
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.units import Instance


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    if op.output.signed or op.output.bits > 8:
        return "it gives a stream, and the engine's LayerNorm gives codes of at most 8 bits"
    instance = Instance.of("layernorm_quantizer", lanes=1, bits=configuration.code_bits,
                           channels=configuration.channels)
    epsilon = next(f for f in instance.configuration if f.name == "epsilon")
    return first((
        streamed(inputs[0], configuration),
        at_most("the number of channels", inputs[0].shape[-1], configuration.channels,
                "LayerNorm"),
        buffered(op.output, configuration, "normalized"),
        code_width(op.output, configuration, "its output", "LayerNorm"),
        at_most("the width of its epsilon", op.attributes["epsilon"].bit_length(),
                min(epsilon.width, OPERANDS[Unit.LAYERNORM]["epsilon"].width), "LayerNorm"),
    ))


def records(use: Use, configuration: Configuration) -> Iterator[UnitRecord]:
    op, channels = use.op, use.output.shape[-1]
    rows, codes = (x.reshape(-1, channels) for x in (use.inputs[0], use.output))
    yield UnitRecord(
        instance=Instance.of(
            "layernorm_quantizer", lanes=configuration.layernorm_lanes, bits=op.output.bits,
            channels=configuration.channels),
        inputs={"element": rows},
        outputs={"code": codes},
        settings={
            "columns": channels, "shift": op.attributes["shift"],
            "epsilon": op.attributes["epsilon"],
            **{role: padded(op.tensors[role], configuration.channels)
               for role in ("gain", "offset")},
        },
        places={"code": np.arange(codes.size).reshape(codes.shape)},
    )


PLACEMENT = Placement(limits=limits, records=records)
