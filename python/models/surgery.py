"""The replacement of a timm model's layers by quantized ones, whatever its family.

Modules are matched by type and role, never by name. A module that is not understood is an error
that names it: a layer left in float silently would make every number a lie.
"""

from typing import NoReturn

import torch
from torch import nn

from vit2rtl.models.activations import function_of
from vit2rtl.models.family import Family, family_of
from vit2rtl.models.library import timm
from vit2rtl.quantization.activation import QuantActivation
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.embeddings import round_embeddings
from vit2rtl.quantization.layers import QuantLinear, QuantPatchEmbedding
from vit2rtl.quantization.method import Method
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import (
    Attention,
    Block,
    Layer,
    Mlp,
    NormedLinear,
    Place,
    Role,
    Structure,
)

LayerScale = timm.models.vision_transformer.LayerScale
# Modules that compute in float, in this tool and in the vector unit of the accelerator.
FLOAT = (nn.LayerNorm, nn.Identity, nn.Dropout, nn.Softmax,
         timm.layers.DropPath, timm.layers.SelectAdaptivePool2d)


def quantize_modules(model: nn.Module, recipe: Recipe) -> Structure:
    """Replace every matmul of a timm ViT, DeiT or Swin by a quantized one, in place.

    returns  the structure of what is there now
    raises   ValueError naming the first module that is not supported
    """
    structure = operate(model, recipe)
    if recipe.integer and structure.embeddings:
        round_embeddings(structure.embeddings)
    return structure


def operate(model: nn.Module, recipe: Recipe) -> Structure:
    """What :func:`quantize_modules` does whatever the weights are, on the meta device, too."""
    family = family_of(model)
    family.check(model)
    surgeon = Surgeon(model, family, recipe.setting)
    surgeon.visit(model, "")
    return surgeon.structure


def refuse(name: str, module: object, why: str = "is not supported") -> NoReturn:
    raise ValueError(f"Module {name!r} ({type(module).__name__}) {why}")


class Surgeon:
    """Walks a model, replaces its layers, and fills ``structure`` with what it has put there."""

    def __init__(self, model: nn.Module, family: Family, method: Method) -> None:
        self._family, self._method = family, method
        self._heads = family.heads(model)
        self.structure = Structure(
            model, family.image_size(model), embeddings=family.embeddings(model))

    def visit(self, parent: nn.Module, prefix: str) -> None:
        """Everything below a module."""
        for child_name, module in parent.named_children():
            name, family = f"{prefix}{child_name}", self._family
            if isinstance(module, FLOAT):
                continue
            if type(module) is timm.layers.PatchEmbed:
                module.proj = self._patch_embedding(module.proj, f"{name}.proj")
                _require_float(module.norm, f"{name}.norm")
            elif type(module) in family.replacements:
                family.replacements[type(module)](self, module, name)
            elif type(module) is nn.Linear and any(module is head for head in self._heads):
                setattr(parent, child_name, self.linear(module, Place(name, Role.HEAD)).module)
            elif type(module) in family.containers:
                self.visit(module, f"{name}.")
            else:
                refuse(name, module)

    def check_block(self, block: nn.Module, name: str, attention: type[nn.Module]) -> None:
        """Raise unless a pre-norm block has what is understood, and attention of that type."""
        for gate in ("ls1", "ls2"):
            if not isinstance(getattr(block, gate, nn.Identity()), (nn.Identity, LayerScale)):
                refuse(f"{name}.{gate}", getattr(block, gate))
        mlp = block.mlp
        if type(mlp) is not timm.layers.Mlp or not isinstance(mlp.fc1, nn.Linear):
            refuse(f"{name}.mlp", mlp)
        if not isinstance(mlp.norm, nn.Identity):
            refuse(f"{name}.mlp.norm", mlp.norm)
        for norm in ("norm1", "norm2"):
            module = getattr(block, norm)
            if not isinstance(module, nn.LayerNorm) or module.weight is None or module.bias is None:
                refuse(f"{name}.{norm}", module, "must be a LayerNorm with weight and bias")
        if type(block.attn) is not attention:
            refuse(f"{name}.attn", block.attn)
        for extra in ("q_norm", "k_norm", "norm", "gate"):
            module = getattr(block.attn, extra, None)
            if module is not None and not isinstance(module, nn.Identity):
                refuse(f"{name}.attn.{extra}", module)

    def block(
        self, block: nn.Module, name: str, *, bias: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
    ) -> None:
        """Replace the layers of a block that :meth:`check_block` let pass.

        bias, mask   what attention adds to its logits (Swin)
        """
        attention, mlp = block.attn, block.mlp
        function = function_of(mlp.act)
        if function is None:
            refuse(f"{name}.mlp.act", mlp.act)
        for gate, last in (("ls1", attention.proj), ("ls2", mlp.fc2)):
            if isinstance(getattr(block, gate, None), LayerScale):
                _fold(getattr(block, gate), last)
                setattr(block, gate, nn.Identity())
        number = len(self.structure.blocks)
        places = {role: Place(f"{name}.{part}.{role}", role, number) for role, part in (
            (Role.QKV, "attn"), (Role.PROJ, "attn"), (Role.FC1, "mlp"), (Role.FC2, "mlp"))}
        qkv = self.linear(attention.qkv, places[Role.QKV])
        qkv.module.emits_codes = True
        proj = self.linear(attention.proj, places[Role.PROJ])
        block.attn = QuantAttention(
            attention, qkv.module, proj.module,
            self._method.softmax_quantizer(places[Role.QKV]), bias,
        )
        fc1 = self.linear(mlp.fc1, places[Role.FC1])
        fc2 = self.linear(mlp.fc2, places[Role.FC2])
        mlp.fc1, mlp.fc2 = fc1.module, fc2.module
        mlp.act = QuantActivation(mlp.act, function, mlp.fc1, mlp.fc2)
        self.structure.blocks.append(Block(
            name, block,
            Attention(f"{name}.attn", self.pair(f"{name}.norm1", block.norm1, qkv), proj,
                      block.attn, mask),
            Mlp(f"{name}.mlp", self.pair(f"{name}.norm2", block.norm2, fc1), fc2, mlp.act),
        ))

    def pair(self, norm_name: str, norm: nn.LayerNorm, layer: Layer) -> NormedLinear:
        """A LayerNorm and the layer it feeds, on record."""
        pair = NormedLinear(norm_name, norm, layer)
        self.structure.normed.append(pair)
        return pair

    def linear(self, linear: nn.Linear, place: Place) -> Layer:
        """A quantized layer in place of a float one, on record."""
        layer = Layer(place, QuantLinear.of(linear, self._method.quantizers(place)))
        self.structure.layers.append(layer)
        return layer

    def _patch_embedding(self, convolution: nn.Module, name: str) -> QuantPatchEmbedding:
        if type(convolution) is not nn.Conv2d or (
            convolution.stride != convolution.kernel_size
            or convolution.groups != 1
            or any(convolution.padding)
        ):
            refuse(name, convolution, "must be a convolution whose stride is its kernel size")
        place = Place(name, Role.PATCH_EMBEDDING)
        module = QuantPatchEmbedding.of(convolution, self._method.quantizers(place))
        self.structure.layers.append(Layer(place, module))
        return module


def _fold(scale: nn.Module, last: nn.Linear) -> None:
    """A LayerScale into the layer in front of it, each weight rounded once, to float32."""
    gamma = scale.gamma.detach().double()
    last.weight.data = (last.weight.data.double() * gamma[:, None]).float()
    if last.bias is not None:
        last.bias.data = (last.bias.data.double() * gamma).float()


def _require_float(module: nn.Module, name: str) -> None:
    if not isinstance(module, FLOAT):
        refuse(name, module)
