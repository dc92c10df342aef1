"""Tensors of a saved model back into a quantized network, each of them checked by its place."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from vit2rtl.golden.arithmetic.factors import FACTORS
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.fq_vit.layer_norm import StreamLayerNorm
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import Quantizer, UniformQuantizer
from vit2rtl.quantization.structure import Structure
from vit2rtl.quantization.twin_quantizers import TwinSoftmaxQuantizer

if TYPE_CHECKING:
    from vit2rtl.quantization.recipe import Recipe

State = Mapping[str, torch.Tensor]
# Float32 holds integers below; a row that is constant but for 2**-16 of it has 8-bit codes there.
_REACH = 1 << 24


def restore(structure: Structure, recipe: "Recipe", state: State) -> None:
    """Put every tensor in its place; the place decides what shape, type and range it must have.

    structure   of a model that has just been quantized by the recipe, not calibrated
    raises      ValueError that names the tensor which is missing, of another model, or nonsense
    """
    network = structure.network
    own = dict(network.state_dict())
    widths = {}
    for layer in structure.layers:
        weight = own.pop(f"{layer.name}.weight")
        own[f"{layer.name}.weight_codes"] = torch.empty(weight.shape, dtype=torch.uint8)
        widths[layer.name] = weight.shape
        layer.module.weight = None
    missing, extra = sorted(set(own) - set(state)), sorted(set(state) - set(own))
    if missing or extra:
        raise ValueError(f" lacks {missing[0]!r}" if missing
                         else f" has an unexpected {extra[0]!r}")
    quantizers = {name for name, module in network.named_modules() if isinstance(module, Quantizer)}
    for key, tensor in state.items():
        owner_name, _, name = key.rpartition(".")
        owner = network.get_submodule(owner_name)
        # Scales and zero points are one or one a channel: they are looked at below.
        _check(key, tensor, own[key], any_shape=owner_name in quantizers)
        if name in owner._parameters:
            owner._parameters[name].data = tensor
        else:
            owner._buffers[name] = tensor
    heads = {attention.module.qkv: attention.module.heads for attention in structure.attentions}
    for layer in structure.layers:
        _check_layer(layer.name, layer.module, widths[layer.name], heads.get(layer.module, 1),
                     integer=recipe.integer)
    for attention in structure.attentions:
        _check_softmax(attention.name, attention.module)
    for name, module in network.named_modules():
        if isinstance(module, StreamLayerNorm):
            _check_stream(name, module)
    for name in sorted(quantizers):
        quantizer = network.get_submodule(name)
        assert isinstance(quantizer, Quantizer)
        _check_quantizer(name, quantizer, fractional=recipe.setting.fractional_zero_points)


def _check(key: str, tensor: torch.Tensor, own: torch.Tensor, *, any_shape: bool) -> None:
    if tensor.shape != own.shape and not any_shape:
        raise ValueError(f": {key} has shape {tuple(tensor.shape)}, "
                         f"the model wants {tuple(own.shape)}")
    due = torch.float32 if own.is_floating_point() else own.dtype
    if tensor.dtype != due:
        theirs, ours = (str(kind).removeprefix("torch.") for kind in (tensor.dtype, due))
        raise ValueError(f": {key} must be {ours}, not {theirs}")
    if tensor.is_floating_point() and not torch.isfinite(tensor).all():
        raise ValueError(f": {key} holds NaN or infinity")
    if not tensor.is_floating_point() and not key.endswith(".weight_codes") and (
            not torch.equal(tensor, own)):
        raise ValueError(f": {key} is not what the model's own is")


def _check_layer(
    name: str, layer: QuantLinear, width: torch.Size, heads: int, *, integer: bool
) -> None:
    """Codes fit their bits; a scale a row of the weights, one for each of the other tensors or for
    each of its heads."""
    top = layer.weight_quantizer.levels - 1
    if layer.weight_codes.numel() and int(layer.weight_codes.max()) > top:
        raise ValueError(f": {name}.weight_codes must be codes of 0 to {top}")
    for inner, quantizer in layer.named_modules():
        if isinstance(quantizer, Quantizer):
            shapes = {quantizer.shape}
            match getattr(quantizer, "axis", None):
                case 0:
                    shapes = {(width[0],)}
                case 1:
                    shapes = {(heads,)}
                case -1 if not integer:
                    shapes.add((width[1],))
            if tuple(quantizer.scale.shape) not in shapes:
                due = " or ".join(map(str, sorted(shapes)))
                raise ValueError(f": {name}.{inner}.scale has shape "
                                 f"{tuple(quantizer.scale.shape)}, the model wants {due}")


def _check_softmax(name: str, attention: QuantAttention) -> None:
    """Of a uniform quantizer one scale, or one a head."""
    quantizer = attention.softmax_quantizer
    if not isinstance(quantizer, UniformQuantizer):
        return
    due = () if quantizer.axis is None else (attention.heads,)
    if tuple(quantizer.scale.shape) != due:
        raise ValueError(f": {name}.softmax_quantizer.scale has shape "
                         f"{tuple(quantizer.scale.shape)}, the model wants {due}")


def _check_stream(name: str, norm: StreamLayerNorm) -> None:
    """One scale, or one a channel, all of them powers of two apart."""
    scale, due = norm.stream.scale, () if norm.stream.axis is None else tuple(norm.weight.shape)
    if tuple(scale.shape) != due:
        raise ValueError(f": {name}.stream.scale has shape {tuple(scale.shape)}, the model wants "
                         f"{due}")
    apart, exponent = torch.frexp(scale / scale.min())
    if (scale > 0).all() and ((apart != 0.5) | (exponent > FACTORS[1] + 1)).any():
        raise ValueError(f": {name}.stream.scale must be powers of two apart, 1 to "
                         f"{1 << FACTORS[1]}")
    # One zero point, of the codes.
    zero_point = norm.stream.zero_point
    if zero_point.unique().numel() > 1 or not 0 <= zero_point.max() < norm.stream.levels:
        raise ValueError(f": {name}.stream.zero_point must be one code, 0 to "
                         f"{norm.stream.levels - 1}")


def _check_quantizer(name: str, quantizer: Quantizer, *, fractional: bool) -> None:
    if not (quantizer.scale > 0).all():
        raise ValueError(f": {name}.scale must be positive")
    if not isinstance(quantizer, UniformQuantizer):
        if quantizer.scale.shape != quantizer.shape:
            due = f"{quantizer.shape[0]} numbers" if quantizer.shape else "one number"
            raise ValueError(f": {name}.scale must be {due}")
        if isinstance(quantizer, TwinSoftmaxQuantizer) and not quantizer.apart:
            raise ValueError(f": {name}.scale must be a number and a power of two of it, "
                             "2**-19 to 1")
        return
    zero_point = quantizer.zero_point
    if zero_point.shape != quantizer.scale.shape:
        raise ValueError(f": {name}.zero_point has shape {tuple(zero_point.shape)}, "
                         f"its scale {tuple(quantizer.scale.shape)}")
    if not (zero_point.abs() < _REACH).all():
        raise ValueError(f": {name}.zero_point must be below 2**24")
    if quantizer.symmetric and not (zero_point == quantizer.levels // 2).all():
        raise ValueError(f": {name}.zero_point must be {quantizer.levels // 2}")
    if fractional:
        return
    if zero_point.frac().any():
        raise ValueError(f": {name}.zero_point must be an integer")
    # One scale where calibration had one a channel: reparameterized, to a zero point of the codes.
    if quantizer.axis == -1 and not zero_point.ndim and not 0 <= zero_point < quantizer.levels:
        raise ValueError(f": {name}.zero_point must be a code, 0 to {quantizer.levels - 1}")
