"""The units there are: a module each, in the order in which people see them."""

from vit2rtl.golden.registry import Registry
from vit2rtl.golden.units.unit import Unit

NAMES = (
    "log2_dequantizer", "log_sqrt2_quantizer", "requantizer", "attention_value", "epilogue",
    "gelu", "layernorm_quantizer", "matmul_array", "softmax_quantizer",
)

UNITS: Registry[Unit] = Registry(
    [f"vit2rtl.golden.units.{name}" for name in NAMES], attribute="UNIT", title="Unit"
)
