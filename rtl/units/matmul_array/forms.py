"""The forms of a column, by the names that parameters have."""

from vit2rtl.rtl.units.matmul_array.columns import DotColumn
from vit2rtl.rtl.units.matmul_array.lut_column import DotColumnLut
from vit2rtl.rtl.units.matmul_array.packed_column import DotColumnPacked

FORMS: dict[str, type[DotColumn]] = {"lut": DotColumnLut, "packed": DotColumnPacked}
