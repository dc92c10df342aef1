"""Activation functions as tables, from codes to codes."""

import math

import numpy as np
from torch import nn

from vit2rtl.golden.arithmetic import gelu


def activation_table(activation, source, target):
    """uint8[2**bits]: codes of an activation function's input to codes of its output.

    In double precision, rounded half to even; no float at run time.
    """
    functions = {
        (nn.GELU, "none"): gelu.gelu,
        (nn.GELU, "tanh"): lambda x: 0.5 * x * (
            1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
        (nn.ReLU, None): lambda x: max(x, 0.0),
    }
    kind = next((k for k in (nn.GELU, nn.ReLU) if isinstance(activation, k)), None)
    function = functions.get((kind, getattr(activation, "approximate", None)))
    if function is None:
        raise ValueError(f"Activation {type(activation).__name__} cannot be lowered")
    low, high = source.limits()
    reals = source.real(np.arange(low, high + 1)).tolist()
    values = np.array([function(x) for x in reals])
    codes = np.rint(values / target.scale) + target.zero_point
    return np.clip(codes, *target.limits()).astype(np.uint8)
