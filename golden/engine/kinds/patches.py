"""Patches: the order in which the image's codes arrive, half of the patches at a time."""

from collections.abc import Sequence

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import Placement, at_most, code_digits
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    patches, pixels = op.output.shape
    row = -(-pixels // configuration.rows) * configuration.rows * configuration.code_digits(
        op.output.bits)
    return first((
        code_digits(op.output, configuration, "its output"),
        at_most("the number of digits of half of the patches", -(-patches // 2) * row,
                configuration.hidden, "the buffer hidden"),
    ))


PLACEMENT = Placement(limits=limits)
