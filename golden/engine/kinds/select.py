"""The tokens that a head looks at: addresses of the stream's rows."""

from collections.abc import Sequence

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import Placement, streamed
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    return streamed(inputs[0], configuration) if inputs[0].signed else None


PLACEMENT = Placement(limits=limits)
