"""Softmax and its log√2 quantizer: a unit of its own."""

from collections.abc import Sequence

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import Placement, at_most
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    return first((
        at_most("the width of its logits", inputs[0].bits, configuration.logit_width, "softmax"),
        at_most("the width of its codes", op.output.bits, configuration.attention_bits,
                "attention × V"),
        at_most("the number of tokens", inputs[0].shape[-1], configuration.bank_rows, "a bank"),
    ))


PLACEMENT = Placement(limits=limits)
