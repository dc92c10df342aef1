"""The heads' logits: those of one head go out as they are, those of two are added."""

from collections.abc import Sequence

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import Placement, at_most
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    if len(inputs) > 2:
        return f"it adds the logits of {len(inputs)} heads, and the engine those of two"
    return at_most("the width of its output", op.output.bits, 16, "the stream of logits")


PLACEMENT = Placement(limits=limits)
