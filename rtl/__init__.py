"""Amaranth components of the hardware units, their AXI4-Stream tops and their Verilog."""

from vit2rtl.rtl.units.log2_dequantizer import Log2Dequantizer
from vit2rtl.rtl.units.log_sqrt2_quantizer import LogSqrt2Quantizer
from vit2rtl.rtl.units.requantizer import Requantizer

__all__ = [
    "COMPONENTS",
    "Log2Dequantizer",
    "LogSqrt2Quantizer",
    "Requantizer",
    "component",
    "latency",
]

COMPONENTS = {c.unit: c for c in (Log2Dequantizer, LogSqrt2Quantizer, Requantizer)}


def component(instance):
    """The Amaranth component of an :class:`~vit2rtl.golden.units.unit.Instance` of the registry."""
    return COMPONENTS[instance.unit.name](**instance.parameters)


def latency(instance):
    """Latency of an instance in cycles, without building it."""
    return COMPONENTS[instance.unit.name].cycles(instance.parameters)
