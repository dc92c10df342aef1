"""The components of the units, by the units' names."""

from typing import TYPE_CHECKING

from vit2rtl.golden.registry import Registry
from vit2rtl.golden.units import Instance
from vit2rtl.golden.units.registry import NAMES

if TYPE_CHECKING:
    from vit2rtl.rtl.stream.stream_unit import UnitComponent

COMPONENTS: Registry[type["UnitComponent"]] = Registry(
    [f"vit2rtl.rtl.units.{name}" for name in NAMES],
    attribute="COMPONENT", title="Unit", face="component",
)


def component(instance: Instance) -> "UnitComponent":
    """The Amaranth component of an instance."""
    return COMPONENTS[instance.unit.name](**instance.parameters)


def latency(instance: Instance) -> int:
    """Latency of an instance in cycles, without building it."""
    return COMPONENTS[instance.unit.name].cycles(instance.parameters)
