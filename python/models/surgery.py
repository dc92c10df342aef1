"""timm models: which modules are understood, and their replacement by quantized ones.

Modules are matched by type and role, never by name. A module that is not understood is an error
that names it: a layer left in float silently would make every number a lie.
"""

from dataclasses import dataclass
from math import frexp

from torch import nn

from vit2rtl.models.zoo import timm
from vit2rtl.quantization.activation import QuantActivation
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.layers import QuantLinear, QuantPatchEmbedding
from vit2rtl.quantization.quantizers import Log2Quantizer, LogSqrt2Quantizer, UniformQuantizer

IMAGE_BITS = 8
EMBEDDING_BITS = 16

_vit = timm.models.vision_transformer
_swin = timm.models.swin_transformer
_MODELS = (_vit.VisionTransformer, timm.models.deit.VisionTransformerDistilled,
           _swin.SwinTransformer)
_HEADS = (timm.layers.ClassifierHead,)
# Modules that compute in float, in this tool and in the vector unit of the accelerator.
_FLOAT = (nn.LayerNorm, nn.GELU, nn.ReLU, nn.Identity, nn.Dropout, nn.Softmax,
          timm.layers.DropPath, timm.layers.SelectAdaptivePool2d)
_CONTAINERS = (nn.Sequential, _swin.SwinTransformerStage, *_HEADS)


@dataclass(frozen=True)
class NormedLinear:
    """A LayerNorm and the linear layer it feeds: the pair that reparameterization changes."""

    name: str
    norm: nn.LayerNorm
    linear: QuantLinear


def quantize_modules(model, recipe):
    """Replace every matmul of a timm ViT, DeiT or Swin by a quantized one, in place.

    recipe   :class:`vit2rtl.quantization.recipe.Recipe`
    returns  list[NormedLinear], in network order
    raises   ValueError naming the first module that is not supported
    """
    if type(model) not in _MODELS:
        raise ValueError(
            f"Model type {type(model).__name__} is not supported; "
            f"supported are {', '.join(t.__name__ for t in _MODELS)}"
        )
    for attribute in ("attn_pool", "reg_token"):
        if getattr(model, attribute, None) is not None:
            _refuse(attribute, getattr(model, attribute), "is not supported")
    if getattr(model, "dynamic_img_size", False):
        raise ValueError("Models with a dynamic image size are not supported: give img_size")
    pairs = _Surgeon(recipe).visit(model, "")
    if recipe.integer:
        _round_embeddings(model)
    return pairs


def _round_embeddings(model):
    """Position embedding and class tokens to 16-bit codes of one scale, in place.

    The scale is a power of two, so that float32 holds every multiple of it, and leaves room for
    the sum of a class token and its position.
    """
    found = (getattr(model, name, None) for name in ("pos_embed", "cls_token", "dist_token"))
    parameters = [parameter for parameter in found if parameter is not None]
    reach = sum(sorted(float(p.detach().abs().max()) for p in parameters)[-2:])
    # Codes of two parameters are rounded apart: a unit more in all.
    step = 2.0 ** (frexp(reach * (1 + 2.0**-12))[1] - EMBEDDING_BITS + 1)
    for parameter in parameters:
        parameter.data = parameter.data.div(step).round_().mul_(step)


def _refuse(name, module, why):
    raise ValueError(f"Module {name!r} ({type(module).__name__}) {why}")


class _Surgeon:
    """Walks a model and replaces its layers; ``visit`` returns the normed linear layers below."""

    def __init__(self, recipe):
        self.recipe = recipe

    def visit(self, parent, prefix):
        pairs = []
        for child_name, module in parent.named_children():
            name = f"{prefix}{child_name}"
            if isinstance(module, _FLOAT):
                continue
            if type(module) is timm.layers.PatchEmbed:
                module.proj = self._patch_embedding(module.proj, f"{name}.proj")
                _require_float(module.norm, f"{name}.norm")
            elif type(module) in (_vit.Block, _swin.SwinTransformerBlock):
                pairs += self._block(module, name)
            elif type(module) is _swin.PatchMerging:
                module.reduction = self._linear(module.reduction, normed=True)
                pairs.append(NormedLinear(f"{name}.reduction", module.norm, module.reduction))
            elif type(module) is nn.Linear and (
                isinstance(parent, _HEADS) or child_name in ("head", "head_dist")
            ):
                setattr(parent, child_name, self._linear(module, edge=True))
            elif type(module) in _CONTAINERS:
                pairs += self.visit(module, f"{name}.")
            else:
                _refuse(name, module, "is not supported")
        return pairs

    def _block(self, block, name):
        for gate in ("ls1", "ls2"):
            if not isinstance(getattr(block, gate, nn.Identity()), nn.Identity):
                _refuse(f"{name}.{gate}", getattr(block, gate), "is not supported")
        mlp = block.mlp
        if type(mlp) is not timm.layers.Mlp or not isinstance(mlp.fc1, nn.Linear):
            _refuse(f"{name}.mlp", mlp, "is not supported")
        if not isinstance(mlp.norm, nn.Identity):
            _refuse(f"{name}.mlp.norm", mlp.norm, "is not supported")
        _require_float(mlp.act, f"{name}.mlp.act")
        for norm in ("norm1", "norm2"):
            module = getattr(block, norm)
            if not isinstance(module, nn.LayerNorm) or module.weight is None or module.bias is None:
                _refuse(f"{name}.{norm}", module, "must be a LayerNorm with weight and bias")
        block.attn = self._attention(block, f"{name}.attn")
        mlp.fc1, mlp.fc2 = self._linear(mlp.fc1, normed=True), self._linear(mlp.fc2)
        mlp.act = QuantActivation(mlp.act, mlp.fc1, mlp.fc2)
        return [
            NormedLinear(f"{name}.attn.qkv", block.norm1, block.attn.qkv),
            NormedLinear(f"{name}.mlp.fc1", block.norm2, mlp.fc1),
        ]

    def _attention(self, block, name):
        attention = block.attn
        if type(attention) not in (_vit.Attention, _swin.WindowAttention):
            _refuse(name, attention, "is not supported")
        for extra in ("q_norm", "k_norm", "norm", "gate"):
            module = getattr(attention, extra, None)
            if module is not None and not isinstance(module, nn.Identity):
                _refuse(f"{name}.{extra}", module, "is not supported")
        bias = None
        if isinstance(attention, _swin.WindowAttention):
            bias = attention._get_rel_pos_bias().detach()
            for size, window in zip(block.input_resolution, block.window_size, strict=True):
                if size % window:
                    _refuse(name, attention, f"would pad: its {size} tokens a side are no multiple "
                            f"of the window of {window}; choose another img_size")
        qkv = self._linear(attention.qkv, normed=True)
        bits = self.recipe.activation_bits
        qkv.outputs = nn.ModuleList(UniformQuantizer(bits) for _ in "qkv")
        qkv.emits_codes = True
        return QuantAttention(
            attention, qkv, self._linear(attention.proj), self._softmax_quantizer(), bias
        )

    def _softmax_quantizer(self):
        recipe = self.recipe
        if recipe.softmax == "uniform":
            return UniformQuantizer(recipe.activation_bits)
        if recipe.softmax == "log2":
            return Log2Quantizer(recipe.activation_bits, recipe.zero_code)
        return LogSqrt2Quantizer(
            recipe.activation_bits, recipe.zero_code, fixed_point=recipe.profile == "hardware"
        )

    def _linear(self, linear, *, normed=False, edge=False):
        """``normed``: fed by a LayerNorm; ``edge``: the head, whose width may be set apart."""
        recipe = self.recipe
        axis = -1 if normed and recipe.layernorm != "layer-wise" else None
        edge_bits = recipe.first_last_bits if edge else None
        quantizer = UniformQuantizer(edge_bits or recipe.activation_bits, axis)
        return self._made(QuantLinear(linear, quantizer, edge_bits or recipe.weight_bits))

    def _made(self, layer):
        layer.weight_quantizer.symmetric = self.recipe.symmetric_weights
        return layer

    def _patch_embedding(self, convolution, name):
        if type(convolution) is not nn.Conv2d or (
            convolution.stride != convolution.kernel_size
            or convolution.groups != 1
            or any(convolution.padding)
        ):
            _refuse(name, convolution, "must be a convolution whose stride is its kernel size")
        bits = self.recipe.first_last_bits or self.recipe.weight_bits
        return self._made(QuantPatchEmbedding(convolution, UniformQuantizer(IMAGE_BITS), bits))


def _require_float(module, name):
    if not isinstance(module, _FLOAT):
        _refuse(name, module, "is not supported")
