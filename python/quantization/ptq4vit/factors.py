"""The two factors of each matmul, as its quantizers have them."""

from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.ptq4vit import operands
from vit2rtl.quantization.ptq4vit.samples import Sample, Site
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.structure import Role
from vit2rtl.quantization.twin_quantizers import TwinActivationQuantizer, TwinSoftmaxQuantizer

Pair = tuple[operands.Operand, operands.Operand]


def of_matmul(site: Site, sample: Sample, count: int, *, doubled: bool = False) -> Pair:
    """Weights and inputs of a linear layer, q and k, or probabilities and v.

    count     of candidates
    doubled   see :class:`~vit2rtl.quantization.ptq4vit.operands.Activated`
    """
    if isinstance(site.module, QuantLinear):
        return _of_linear(site.module, site.role, sample, count, doubled)
    return _of_attention(site.product, site.module, sample, count)


def give(pair: Pair) -> None:
    """What was chosen to the quantizers of both."""
    for factor in pair:
        factor.give()


def _of_linear(
    layer: QuantLinear, role: Role | None, sample: Sample, count: int, doubled: bool
) -> Pair:
    groups = 1
    match role:
        case Role.QKV:
            groups = 3
        case Role.PATCH_EMBEDDING:
            groups = len(layer.weight)
    rows = layer.weight.unflatten(0, (groups, -1))
    weights = operands.Uniform(rows, layer.weight_quantizer, count, axis=0)
    (x,), quantizer = sample.operands, layer.input_quantizer
    match quantizer:
        case TwinActivationQuantizer():
            return weights, operands.Activated(x, quantizer, count, doubled=doubled)
        case UniformQuantizer():
            return weights, operands.Uniform(x, quantizer, count)
    return weights, operands.InFloat(x)


def _of_attention(
    product: str, attention: QuantAttention, sample: Sample, count: int
) -> Pair:
    (first, second), (q, k, v) = sample.operands, attention.qkv.outputs
    if product == "qk":
        return (operands.Uniform(first, q, count, q.axis),
                operands.Uniform(second, k, count, k.axis))
    values = operands.Uniform(second, v, count, v.axis)
    match softmax := attention.softmax_quantizer:
        case TwinSoftmaxQuantizer():
            return operands.Probabilities(first, softmax), values
        case UniformQuantizer():
            return operands.Unsigned(first, softmax, count, softmax.axis), values
    raise TypeError(f"There is no search for a {type(softmax).__name__}")
