"""Activation modules against the golden functions that they are said to be."""

import pytest
import torch
from torch import nn

from vit2rtl.models.activations import function_of
from vit2rtl.models.library import timm

NAMES = ("silu", "swish", "mish", "relu", "relu6", "leaky_relu", "elu", "prelu", "celu", "selu",
         "gelu", "gelu_tanh", "quick_gelu", "sigmoid", "tanh", "hard_sigmoid", "hard_swish",
         "hard_mish", "identity")


@pytest.mark.parametrize("name", NAMES)
def test_timms_modules_are_their_functions(name):
    module = timm.layers.get_act_layer(name)().double()
    function = function_of(module)
    x = torch.linspace(-20, 20, 173, dtype=torch.float64)
    want = module(x.clone())
    assert [function(v) for v in x.tolist()] == pytest.approx(want.tolist(), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("module", [nn.GELU("tanh"), nn.LeakyReLU(0.3), nn.ELU(0.5), nn.CELU(2.0)])
def test_parameters_count(module):
    x = torch.linspace(-9, 9, 37, dtype=torch.float64)
    function = function_of(module)
    assert [function(v) for v in x.tolist()] == pytest.approx(module(x).tolist(), abs=1e-12)


@pytest.mark.parametrize("module", [nn.PReLU(4), nn.Softmax(-1), nn.GLU(), nn.LayerNorm(4)])
def test_what_is_none(module):
    assert function_of(module) is None
