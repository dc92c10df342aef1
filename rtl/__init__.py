"""Amaranth components of the hardware units, their AXI4-Stream tops and their Verilog."""

from typing import TYPE_CHECKING, Any

from vit2rtl.rtl.registry import COMPONENTS, component, latency

if TYPE_CHECKING:
    from vit2rtl.rtl.units import (
        AttentionValue,
        Epilogue,
        Gelu,
        LayerNormQuantizer,
        Log2Dequantizer,
        LogSqrt2Quantizer,
        MatmulArray,
        Requantizer,
        SoftmaxQuantizer,
    )

__all__ = [
    "COMPONENTS",
    "AttentionValue",
    "Epilogue",
    "Gelu",
    "LayerNormQuantizer",
    "Log2Dequantizer",
    "LogSqrt2Quantizer",
    "MatmulArray",
    "Requantizer",
    "SoftmaxQuantizer",
    "component",
    "latency",
]


def __getattr__(name: str) -> Any:
    """A component, which comes with Amaranth, only when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vit2rtl.rtl import units

    return getattr(units, name)
