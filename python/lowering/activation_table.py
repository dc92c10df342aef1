"""Activation functions as tables, from codes to codes."""

import numpy as np

from vit2rtl.golden.arithmetic import gelu
from vit2rtl.golden.program.program import Tensor
from vit2rtl.quantization.activation import QuantActivation


def activation_table(activation: QuantActivation, source: Tensor, target: Tensor) -> np.ndarray:
    """uint8[2**bits]: codes of an activation function's input to codes of its output, by golden's
    definition (R9); no float at run time."""
    return gelu.table_of(
        source.scale, source.zero_point, target.scale, target.zero_point,
        input_bits=source.bits, bits=target.bits, function=activation.function,
    )
