"""The kinds of ops that the engine runs: a module each, in the order of the program's kinds."""

from vit2rtl.golden.engine.placement import Placement
from vit2rtl.golden.registry import Registry

NAMES = (
    "patches", "linear", "query_key", "softmax", "attention_value", "layernorm", "table", "embed",
    "add", "select", "average",
)

PLACEMENTS: Registry[Placement] = Registry(
    [f"{__name__}.{name}" for name in NAMES], attribute="PLACEMENT", title="Kind",
    face="placement in the engine",
)
