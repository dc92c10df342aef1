"""Activation functions against their definitions in 60 digits."""

from decimal import Decimal, localcontext
from functools import partial

import pytest

from vit2rtl.golden.arithmetic import activations

ARGUMENTS = (-800.0, -40.0, -8.0, -3.3, -1.0, -0.7518, -1e-9, 0.0, 1e-9, 0.5, 3.0, 4.2, 7.9, 40.0,
             800.0)
ZERO, ONE, SIX = Decimal(0), Decimal(1), Decimal(6)
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494")


def sigmoid(x):
    return 1 / (1 + (-x).exp())


def tanh(x):
    return 1 - 2 / ((2 * x).exp() + 1)


def elu(x, alpha=ONE, width=ONE):
    return x if x > 0 else alpha * ((x / width).exp() - 1)


def selu(x):
    scale = Decimal("1.0507009873554804934193349852946")
    return scale * elu(x, Decimal("1.6732632423543772848170429916717"))


DEFINITIONS = {
    activations.identity: lambda x: x,
    activations.relu: lambda x: max(x, ZERO),
    activations.relu6: lambda x: min(max(x, ZERO), SIX),
    partial(activations.leaky_relu, slope=0.25): lambda x: x if x > 0 else x / 4,
    activations.elu: elu,
    partial(activations.elu, alpha=1.5): lambda x: elu(x, Decimal("1.5")),
    partial(activations.celu, alpha=0.5): lambda x: elu(x, Decimal("0.5"), Decimal("0.5")),
    activations.selu: selu,
    activations.sigmoid: sigmoid,
    activations.silu: lambda x: x * sigmoid(x),
    activations.quick_gelu: lambda x: x * sigmoid(Decimal("1.702") * x),
    activations.gelu_tanh: lambda x: x / 2 * (
        1 + tanh((2 / PI).sqrt() * (x + Decimal("0.044715") * x**3))),
    activations.mish: lambda x: x * tanh((1 + x.exp()).ln()),
    activations.hard_sigmoid: lambda x: min(max(x + 3, ZERO), SIX) / 6,
    activations.hard_swish: lambda x: x * min(max(x + 3, ZERO), SIX) / 6,
    activations.hard_mish: lambda x: x * min(max(x + 2, ZERO), Decimal(2)) / 2,
}


@pytest.mark.parametrize("function", DEFINITIONS, ids=range(len(DEFINITIONS)))
def test_functions_in_double_precision(function):
    with localcontext() as context:
        context.prec, context.Emax = 400, 10**9
        for x in ARGUMENTS:
            want = DEFINITIONS[function](Decimal(x))
            # GELU by tanh cancels where it is small.
            error = abs(want) * Decimal(2) ** -50 + abs(Decimal(x)) * Decimal(2) ** -53
            assert abs(Decimal(function(x)) - want) <= error, x
