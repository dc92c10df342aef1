"""The kinds of ops there are: a module each, in the order in which people see them."""

from vit2rtl.golden.program.kind import Kind
from vit2rtl.golden.registry import Registry

NAMES = (
    "patches", "linear", "query_key", "softmax", "softmax_float", "attention_value", "layernorm",
    "layernorm_float", "table", "embed", "embed_float", "add", "add_float", "gather", "pool",
    "pool_float", "real_float", "select", "average", "average_float", "softmax_twin_float",
    "attention_value_twin", "linear_twin", "quantize_factors_float", "real_factors_float",
    "layernorm_factors_float", "softmax_log2_float", "attention_value_log2",
)

KINDS: Registry[Kind] = Registry(
    [f"{__name__}.{name}" for name in NAMES], attribute="KIND", title="Kind"
)
