"""An activation function and the quantizer behind it: a table that is loaded at run time."""

from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import (
    Placement,
    UnitRecord,
    Use,
    at_most,
    buffered,
    code_width,
)
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.units import Instance


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    return first((
        at_most("the width of its input", inputs[0].bits, configuration.table_bits, "the table"),
        at_most("the width of its output", op.output.bits, configuration.code_bits, "the table"),
        code_width(op.output, configuration, "its output", "the table"),
        buffered(op.output, configuration, "hidden"),
    ))


def records(use: Use, configuration: Configuration) -> Iterator[UnitRecord]:
    yield UnitRecord(
        instance=Instance.of("gelu", lanes=configuration.epilogue_lanes,
                             input_bits=use.tensors[0].bits, bits=use.op.output.bits),
        inputs={"code": use.inputs[0]},
        outputs={"value": use.output},
        settings={"entry": use.op.tensors["table"]},
        places={"value": np.arange(use.output.size).reshape(use.output.shape)},
    )


PLACEMENT = Placement(limits=limits, records=records)
