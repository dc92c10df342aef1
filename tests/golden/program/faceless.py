"""A kind of tests alone that says no more than what it takes."""

from vit2rtl.golden.program.kind import Kind

KIND = Kind(module=__name__, inputs=("codes",))
