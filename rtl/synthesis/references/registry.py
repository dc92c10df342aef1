"""The comparisons there are: a module each, in the order in which the page has them."""

from vit2rtl.golden.registry import Registry
from vit2rtl.golden.units import UNITS
from vit2rtl.rtl.synthesis.references.reference import Reference, References

NAMES = (
    "log2_dequantizer", "attention_value", "attention_value_methods", "requantizer",
    "log_sqrt2_quantizer", "gelu", "layernorm_quantizer", "matmul_array", "softmax_quantizer",
    "epilogue",
)

REFERENCES: Registry[References] = Registry(
    [f"vit2rtl.rtl.synthesis.references.{name}" for name in NAMES],
    attribute="REFERENCES",
    title="Unit",
    face="references of the area table",
)


def comparisons() -> dict[str, References]:
    """In the table's order: those of units, as the units come, then those that are of no unit."""
    of_units = [name for name in UNITS if name in REFERENCES]
    return {name: REFERENCES[name] for name in dict.fromkeys([*of_units, *REFERENCES])}


def designs() -> dict[str, Reference]:
    """Every reference design by name, in the table's order."""
    return {name: reference for comparison in comparisons().values()
            for name, reference in comparison.designs.items()}
