"""The residual sum: the epilogue adds what it requantized."""

from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import Placement, UnitRecord, Use, streamed
from vit2rtl.golden.engine.products import Scaling, epilogue_record
from vit2rtl.golden.program.program import Op, Tensor


def limits(op: Op, inputs: Sequence[Tensor], configuration: Configuration) -> str | None:
    return streamed(op.output, configuration)


def records(use: Use, configuration: Configuration) -> Iterator[UnitRecord]:
    """Elements of the branch in place of sums, scaled by 2 / 2**1."""
    channels = use.output.shape[-1]
    stream, branch, results = (
        x.reshape(-1, channels) for x in (*use.inputs, use.output))
    one = np.ones(channels, np.int64)
    yield epilogue_record(
        branch, Scaling(0 * one, 2 * one, one, 0, *use.op.output.limits()), results,
        np.arange(results.size).reshape(results.shape), configuration, stream=stream)


PLACEMENT = Placement(limits=limits, records=records)
