"""Kinds of ops as ONNX nodes: a module each for those of variant ``hardware``.

``nodes(converter, op, *inputs)`` appends to the converter's graph and gives the name of the op's
value; ``inputs`` are names of values.
"""

from collections.abc import Callable

from vit2rtl.golden.registry import Registry

NAMES = (
    "patches", "linear", "query_key", "softmax_float", "attention_value", "layernorm_float",
    "table", "embed_float", "add_float", "gather", "pool_float", "real_float", "select",
    "average_float",
)

NODES: Registry[Callable[..., str]] = Registry(
    [f"{__name__}.{name}" for name in NAMES], attribute="nodes", title="Kind", face="ONNX nodes"
)
