"""The Amaranth components, a file a unit."""

from vit2rtl.rtl.units.attention_value import AttentionValue
from vit2rtl.rtl.units.epilogue import Epilogue
from vit2rtl.rtl.units.gelu import Gelu
from vit2rtl.rtl.units.layernorm_quantizer import LayerNormQuantizer
from vit2rtl.rtl.units.log2_dequantizer import Log2Dequantizer
from vit2rtl.rtl.units.log_sqrt2_quantizer import LogSqrt2Quantizer
from vit2rtl.rtl.units.matmul_array import MatmulArray
from vit2rtl.rtl.units.requantizer import Requantizer
from vit2rtl.rtl.units.softmax_quantizer import SoftmaxQuantizer

__all__ = [
    "AttentionValue", "Epilogue", "Gelu", "LayerNormQuantizer", "Log2Dequantizer",
    "LogSqrt2Quantizer", "MatmulArray", "Requantizer", "SoftmaxQuantizer",
]
