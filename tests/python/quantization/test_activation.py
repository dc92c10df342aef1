import math

import pytest
import torch
from torch import nn

from vit2rtl.quantization.activation import QuantActivation
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import UniformQuantizer

FUNCTIONS = {nn.GELU: lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
             nn.ReLU: lambda x: max(x, 0.0), nn.SiLU: lambda x: x / (1 + math.exp(-x))}


def between(activation, bits):
    """An activation between two calibrated layers."""
    fc1 = QuantLinear(nn.Linear(4, 3), UniformQuantizer(4), 4)
    fc2 = QuantLinear(nn.Linear(3, 2), UniformQuantizer(bits), 4)
    fc1.outputs[0].set(torch.tensor(2.0**-12), torch.tensor(32768.0))
    fc2.input_quantizer.set(torch.tensor(0.37), torch.tensor(1.0))
    return QuantActivation(activation, FUNCTIONS[type(activation)], fc1, fc2)


def test_it_is_the_function_until_frozen():
    x = torch.linspace(-3, 3, 50)
    assert between(nn.GELU(), 4)(x).equal(nn.functional.gelu(x))


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("kind", FUNCTIONS)
def test_frozen_it_maps_every_code_of_16_bits(kind, bits):
    act, function = between(kind(), bits), FUNCTIONS[kind]
    act.freeze()
    x = torch.arange(-32768, 32768).double()
    scale = float(torch.tensor(0.37))
    want = []
    for code in range(-32768, 32768):
        rounded = round(function(code * 2.0**-12) / scale)
        want.append(min(max(rounded, -1), 2**bits - 2))
    y = act(x)
    assert y.dtype == torch.float32
    # The next layer finds the codes again.
    codes = act._between[1].input_quantizer.centered(y)
    assert codes.tolist() == want


def test_the_layer_in_front_gives_codes():
    act = between(nn.GELU(), 4)
    assert act._between[0].emits_codes and not act._between[1].emits_codes
