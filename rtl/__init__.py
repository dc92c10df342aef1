"""Amaranth components of the hardware units, their AXI4-Stream tops and their Verilog."""

from vit2rtl.rtl.registry import COMPONENTS, component, latency
from vit2rtl.rtl.units import Log2Dequantizer, LogSqrt2Quantizer, Requantizer

__all__ = [
    "COMPONENTS",
    "Log2Dequantizer",
    "LogSqrt2Quantizer",
    "Requantizer",
    "component",
    "latency",
]
