"""LayerNorm straight to codes: a unit of its own."""

from collections.abc import Sequence

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import Placement, at_most, buffered, streamed
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    if op.output.signed or op.output.bits > 8:
        return "it gives a stream, and the engine's LayerNorm gives codes of at most 8 bits"
    return first((
        streamed(inputs[0], configuration),
        at_most("the number of channels", inputs[0].shape[-1], configuration.channels,
                "LayerNorm"),
        buffered(op.output, configuration, "normalized"),
    ))


PLACEMENT = Placement(limits=limits)
