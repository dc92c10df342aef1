"""A linear layer: the array's dot products, requantized by the epilogue."""

from collections.abc import Sequence

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import Placement, at_most, code_digits, stationary
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.kinds.linear import centered_weight
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    weight, bound = centered_weight(op), op.attributes["accumulator_bound"]
    return first((
        code_digits(inputs[0], configuration, "its input"),
        stationary(int(weight.min()), int(weight.max()), configuration, "a weight"),
        at_most("the width of its accumulators", width(-bound, bound), configuration.acc_width,
                "the array"),
    ))


PLACEMENT = Placement(limits=limits)
