"""What codes stand for: a branch that begins a stream of float64."""

from vit2rtl.golden.program.conditions import equal_shapes
from vit2rtl.golden.program.kind import DOUBLE, Kind
from vit2rtl.golden.program.reals import DEQUANTIZE, real

KIND = Kind(
    module=__name__,
    inputs=("codes",),
    attributes=DEQUANTIZE,
    floats=True,
    check=equal_shapes,
    run=real,
    formula="scale·(q - zero_point)",
    rounding=DOUBLE,
)
