"""The residual sum: the epilogue adds what it requantized."""

from collections.abc import Sequence

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import Placement, streamed
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    return streamed(op.output, configuration)


PLACEMENT = Placement(limits=limits)
