"""What codes stand for: a branch that begins a stream of float64."""

from vit2rtl.golden.program.conditions import equal_shapes, reals
from vit2rtl.golden.program.kind import DOUBLE, Kind
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.program.reals import DEQUANTIZE, real


def check(op: Op, codes: Tensor) -> str | None:
    return equal_shapes(op, codes) or reals(op.output)


KIND = Kind(
    module=__name__,
    inputs=("codes",),
    attributes=DEQUANTIZE,
    floats=True,
    check=check,
    run=real,
    formula="scale·(q - zero_point)",
    rounding=DOUBLE,
)
