"""Every stated range holds at both ends: the last value is taken, the first outside is not."""

import numpy as np
import pytest

from vit2rtl.golden.arithmetic import (
    attention_value,
    gelu,
    layernorm,
    log_sqrt2,
    requantizer,
    residual,
    softmax,
)

MULTIPLIERS = attention_value.multipliers(0.5)
NORM = layernorm.parameters_of([1, 1], [0, 0], 1, 0, input_scale=1, epsilon=1e-6)
CALLS = {
    "attention_value bits": (
        lambda n: attention_value.requantize([0], [0], MULTIPLIERS, 0, bits=n), 2, 16),
    "gelu bits": (lambda n: gelu.table_of(1, 0, 1, 0, input_bits=4, bits=n), 2, 16),
    "gelu input bits": (
        lambda n: gelu.table_of(1, 0, 1, 0, input_bits=n, bits=4), *gelu.INPUT_BITS),
    "layernorm bits": (lambda n: layernorm.layer_norm([[1, 2]], NORM, bits=n), 2, 16),
    "layernorm stream": (lambda n: layernorm.layer_norm([[n, 2]], NORM, bits=4),
                         -(2**15), 2**15 - 1),
    "layernorm value": (lambda n: layernorm.reciprocal_sqrt([n]), 1, 2**62 - 1),
    "residual stream": (lambda n: residual.add([n], [0], bits=8), -128, 127),
    "attention_value accumulator": (
        lambda n: attention_value.requantize([n], [n], MULTIPLIERS, 0, bits=4),
        1 - 2**31, 2**31 - 1),
    "gelu code": (lambda n: gelu.apply([n], np.arange(8)), 0, 7),
    "requantizer accumulator": (
        lambda n: requantizer.requantize([n], 1, 1, 0, bits=4), 1 - 2**31, 2**31 - 1),
    "requantizer multiplier": (
        lambda n: requantizer.requantize([1], n, 1, 0, bits=4), 0, 2**18 - 1),
    "requantizer shift": (lambda n: requantizer.requantize([1], 1, n, 0, bits=4), 1, 47),
    "requantizer zero point": (
        lambda n: requantizer.requantize([1], 1, 1, n, bits=4), -(2**31), 2**31),
    "log_sqrt2 bits": (lambda n: log_sqrt2.code_count(n, "top"), 2, 8),
    "log_sqrt2 width": (lambda n: log_sqrt2.dequantize([0], bits=4, width=n), 2, 32),
    "log_sqrt2 code": (lambda n: log_sqrt2.dequantize([n], bits=4, width=8), 0, 15),
    "residual bits": (residual.limits, 2, 16),
    "softmax logit width": (
        lambda n: softmax.parameters(0.1, 1.0, bits=4, width=n), *softmax.LOGIT_BITS),
    "softmax ROM bits": (
        lambda n: softmax.parameters(0.1, 1.0, bits=4, rom_bits=n), *softmax.ROM_BITS),
    "softmax exp bits": (
        lambda n: softmax.parameters(0.1, 1.0, bits=4, exp_bits=n), *softmax.EXP_BITS),
    "requantizer bits": (lambda n: requantizer.requantize(0, 0, 1, 0, bits=n), 2, 16),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_ends_are_inside_and_their_neighbours_are_not(name):
    call, low, high = CALLS[name]
    call(low)
    call(high)
    for outside in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"must be between {low} and {high}"):
            call(outside)
