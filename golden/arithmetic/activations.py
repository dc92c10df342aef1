"""Activation functions of a float, beside GELU: what tables are made of (R9).

Each is within a few units of double precision's last place, however large its argument.
"""

from math import exp, expm1, log1p, pi, sqrt, tanh

# Of SELU, as its authors have them, to double precision.
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


def identity(x: float) -> float:
    return x


def relu(x: float) -> float:
    return max(x, 0.0)


def relu6(x: float) -> float:
    return min(max(x, 0.0), 6.0)


def leaky_relu(x: float, slope: float) -> float:
    """``x``, below zero ``slope x``."""
    return x if x > 0 else slope * x


def elu(x: float, alpha: float = 1.0) -> float:
    """``x``, below zero ``alpha (e^x - 1)``."""
    return x if x > 0 else alpha * expm1(x)


def celu(x: float, alpha: float = 1.0) -> float:
    """``x``, below zero ``alpha (e^(x/alpha) - 1)``."""
    return x if x > 0 else alpha * expm1(x / alpha)


def selu(x: float) -> float:
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


def sigmoid(x: float) -> float:
    """``1 / (1 + e^-x)``, by the exponential that does not overflow."""
    if x >= 0:
        return 1 / (1 + exp(-x))
    return exp(x) / (1 + exp(x))


def silu(x: float) -> float:
    """Swish: ``x sigmoid(x)``."""
    return x * sigmoid(x)


def quick_gelu(x: float) -> float:
    """GELU's approximation by the sigmoid function, as OpenAI's CLIP was trained with."""
    return x * sigmoid(1.702 * x)


def gelu_tanh(x: float) -> float:
    """GELU's approximation by the hyperbolic tangent, as some networks were trained with."""
    return 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))


def mish(x: float) -> float:
    """``x tanh(log(1 + e^x))``."""
    return x * tanh(max(x, 0.0) + log1p(exp(-abs(x))))


def hard_sigmoid(x: float) -> float:
    return relu6(x + 3) / 6


def hard_swish(x: float) -> float:
    return x * relu6(x + 3) / 6


def hard_mish(x: float) -> float:
    return x * min(max(x + 2, 0.0), 2.0) / 2
