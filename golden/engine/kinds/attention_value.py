"""Attention × V: a unit of its own, its accumulators sized by the bound of a softmax's rows."""

from collections.abc import Sequence

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import Placement, at_most, buffered
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    codes, values = inputs
    bound = op.attributes["accumulator_bound"]
    return first((
        at_most("the width of its codes", codes.bits, configuration.attention_bits,
                "attention × V"),
        at_most("the width of its accumulators", width(-bound, bound),
                configuration.attention_acc_width, "attention × V"),
        buffered(values, configuration, "projected"),
        buffered(op.output, configuration, "projected"),
    ))


PLACEMENT = Placement(limits=limits)
