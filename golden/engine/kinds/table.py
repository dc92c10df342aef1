"""An activation function and the quantizer behind it: a table that is loaded at run time."""

from collections.abc import Sequence

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import Placement, at_most, buffered
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    return first((
        at_most("the width of its input", inputs[0].bits, configuration.table_bits, "the table"),
        buffered(op.output, configuration, "hidden"),
    ))


PLACEMENT = Placement(limits=limits)
